package import Encoding
import NIOCore
package import OCPI
import Synchronization

// The configuration modules that a party serves: versions, details, credentials (OCPI 2.2.1, 6 and 7).
extension TestParty {
    /// Its credentials object.
    package var credentials: JSONValue { credentials(roles: description.roles) }

    /// The same with other roles.
    package func credentials(roles: [PartyDescription.Role]) -> JSONValue {
        [
            "token": .string(tokenB.raw), "url": .string(versionsURL),
            "roles": .array(
                roles.map {
                    [
                        "role": .string($0.role), "party_id": .string($0.id.party), "country_code": .string($0.id.country),
                        "business_details": ["name": .string($0.name)],
                    ]
                }),
        ]
    }

    /// The `data` of its versions endpoint.
    package var versionList: JSONValue {
        .array(description.versions.map { ["version": .string($0.rawValue), "url": .string(detailsURL($0))] })
    }

    /// The `data` of its version details.
    /// - Parameter interfaces: nil for its own.
    package func versionDetails(_ version: OCPIVersion, _ interfaces: [Interface]? = nil) -> JSONValue {
        let credentials: JSONValue = [
            "identifier": "credentials", "role": "SENDER", "url": .string(detailsURL(version) + "/credentials"),
        ]
        let modules: [JSONValue] = (interfaces ?? description.interfaces).map {
            ["identifier": .string($0.module.rawValue), "role": .string($0.role.rawValue), "url": .string(url(of: $0))]
        }
        return ["version": .string(version.rawValue), "endpoints": .array([credentials] + modules)]
    }

    func configuration(_ request: PartyRequest) -> ServerAnswer {
        let nothing = ServerAnswer.failure(2000, status: 404, "nothing here")
        let prefix = description.paths.configuration + "/"
        guard request.path.hasPrefix(prefix) else { return nothing }
        let segments = request.path.dropFirst(prefix.count).split(separator: "/")
        if segments == ["versions"] { return .success(versionList) }
        guard let version = description.versions.first(where: { segments.first == $0.rawValue[...] }) else { return nothing }
        switch (request.method, segments.dropFirst()) {
        case (.get, []): return .success(versionDetails(version))
        case (.get, ["credentials"]): return .success(credentials)
        case (.put, ["credentials"]), (.post, ["credentials"]):
            guard let token = request.body.jsonString(["token"]) else { return .failure(2001, "no token") }
            registration.withLock { $0.tokenC = Token(token) }
            return .success(credentials)
        case (.delete, ["credentials"]): return .success()
        case (_, []), (_, ["credentials"]): return .failure(2000, status: 405, "not served")
        default: return nothing
        }
    }

    private func detailsURL(_ version: OCPIVersion) -> String { "\(url)\(description.paths.configuration)/\(version.rawValue)" }
}
