import Directory
import Encoding
import Logging
import NIOCore
import OCPI

/// The OcnRules module: a platform sets which parties may send to it, and whether they must sign (OCN node 1.1, OcnRules).
///
/// Paths, bodies and errors are those of the reference node. As there, `PUT signatures` toggles, and a list whose last entry is deleted
/// becomes inactive.
struct RulesModule: Sendable {
    let dependencies: IngressDependencies
    let logger: Logger

    /// The `data` of the answer. Nothing is changed when this throws before the first write.
    /// - Parameters:
    ///   - rest: the path below the endpoint, without slashes around it.
    ///   - platform: the caller. Its rules are changed, whichever of its parties sends the request.
    func answer(
        _ method: Method, rest: String, body: ByteBuffer?, platform: Platform, directory: Directory
    ) async throws(OCPIError) -> JSONValue? {
        let request = try RulesRequest(method, rest: rest, body: body)
        if request == .read { return directory.rules(of: platform.id).json }
        // The new rules are derived from the old ones, so changes made through another process just before must be known.
        await dependencies.catchUp()
        let newest = dependencies.directory()
        guard newest.platform(id: platform.id)?.isRegistered == true else {
            throw OCPIError(code: .invalidParameters, message: "Authorization token is not known here", kind: .unauthorized)
        }
        let wanted = try request.applied(to: newest.rules(of: platform.id))
        let changes = newest.changes(ofRulesOf: platform.id, to: wanted)
        guard !changes.isEmpty else { return nil }
        try await write(changes)
        guard dependencies.directory().rules(of: platform.id) == wanted else {
            throw OCPIError(code: .serverError, message: "Your OcnRules were changed at the same time, read them and try again")
        }
        logger.info(
            "a platform changed its OcnRules",
            metadata: [
                "platform": "\(platform.id)", "signatures": "\(wanted.signatures)", "active": "\(wanted.active?.rawValue ?? "none")",
                "entries": "\(wanted.entries.count)",
            ])
        return nil
    }

    private func write(_ changes: [FactChange]) async throws(OCPIError) {
        do {
            try await dependencies.write(changes)
        } catch {
            logger.error("OcnRules could not be stored", metadata: ["error": "\(error)"])
            throw OCPIError(code: .serverError, message: "The node could not store your OcnRules, read them and try again")
        }
    }
}

extension OCNRules {
    /// The JSON that platforms read. The list of the inactive kind is empty.
    fileprivate var json: JSONValue {
        ["signatures": .bool(signatures), "whitelist": json(.whitelist), "blacklist": json(.blacklist)]
    }

    private func json(_ list: List) -> JSONValue {
        ["active": .bool(active == list), "list": .array(active == list ? entries.map(\.json) : [])]
    }
}

extension OCNRules.Entry {
    fileprivate var json: JSONValue {
        [
            "party_id": .string(party.party), "country_code": .string(party.country),
            "modules": .array(modules.map { .string($0.rawValue) }),
        ]
    }
}
