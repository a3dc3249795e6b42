import Encoding
import NIOCore
import OCPI
import Synchronization

// A party's default answers.
extension ConformanceParty {
    /// Its credentials object.
    var credentials: JSONValue { credentials(roles: roles) }

    /// The same with other roles.
    func credentials(roles: [Role]) -> JSONValue {
        [
            "token": .string(tokenB.raw), "url": .string(versionsURL),
            "roles": .array(
                roles.map {
                    [
                        "role": .string($0.role), "business_details": ["name": .string("Conformance \($0.id)")],
                        "party_id": .string($0.id.party), "country_code": .string($0.id.country),
                    ]
                }),
        ]
    }

    /// The `data` of its versions endpoint.
    var versionList: JSONValue {
        .array(OCPIVersion.allCases.map { ["version": .string($0.rawValue), "url": .string(base + "/hello/" + $0.rawValue)] })
    }

    /// The `data` of its version details.
    func versionDetails(_ version: OCPIVersion, _ interfaces: [Interface]? = nil) -> JSONValue {
        let credentials: JSONValue = [
            "identifier": "credentials", "role": "SENDER", "url": .string("\(base)/hello/\(version.rawValue)/credentials"),
        ]
        let modules: [JSONValue] = (interfaces ?? self.interfaces).map {
            [
                "identifier": .string($0.module.rawValue), "role": .string($0.role.rawValue), "url": .string(url($0.module, $0.role)),
            ]
        }
        return ["version": .string(version.rawValue), "endpoints": .array([credentials] + modules)]
    }

    func ownAnswer(to request: Received) -> HubResponse {
        guard let interface = request.interface else { return configuration(request) }
        switch (request.method, interface.module, interface.role) {
        case (.get, _, .sender) where request.rest.isEmpty: return .page([])
        case (.get, .chargingprofiles, .receiver), (.put, .chargingprofiles, .receiver), (.delete, .chargingprofiles, .receiver),
            (.post, .commands, .receiver):
            return .success(["result": "ACCEPTED", "timeout": 30])
        case (.get, _, _): return .success(["id": .string(request.rest)])
        case (.post, .cdrs, .receiver):
            let id = request.body.jsonString(["id"]) ?? "unnamed"
            return .success(headers: [(OCPIHeader.location, url(.cdrs, .receiver) + (url(.cdrs, .receiver).hasSuffix("/") ? "" : "/") + id)]
            )
        case (.post, .tokens, .sender): return .success(["allowed": "ALLOWED"])
        case (.put, .sessions, .sender): return .success("ACCEPTED")
        default: return .success()
        }
    }

    private func configuration(_ request: Received) -> HubResponse {
        let segments = request.path.split(separator: "/")
        guard segments.first == "hello", segments.count >= 2 else { return .failure(2000, status: 404, "nothing here") }
        if segments[1] == "versions" { return .success(versionList) }
        guard let version = OCPIVersion(rawValue: String(segments[1])) else { return .failure(2000, status: 404, "nothing here") }
        switch (request.method, segments.dropFirst(2)) {
        case (.get, []): return .success(versionDetails(version))
        case (.get, ["credentials"]): return .success(credentials)
        case (.put, ["credentials"]), (.post, ["credentials"]):
            guard let token = request.body.jsonString(["token"]) else { return .failure(2001, "no token") }
            state.withLock { $0.tokenC = Token(token) }
            return .success(credentials)
        case (.delete, ["credentials"]): return .success()
        default: return .failure(2000, status: 405, "not served")
        }
    }
}
