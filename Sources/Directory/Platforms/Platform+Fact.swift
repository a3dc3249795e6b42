import Encoding
import OCPI

// A platform's credentials in `ocn.state`.

extension FactKey {
    /// The key of a platform's credentials.
    package static func platform(_ id: String) -> String { "\(Platform.kind)/\(id)" }
}

extension Fact {
    /// A platform's credentials.
    package static func platform(_ platform: Platform) -> Fact { Fact(platform) }
}

extension Platform: StateFact {
    static let kind = "platform"
    var key: String { FactKey.platform(id) }
    var subject: String? { id }

    var json: JSONValue {
        let ends = invitedUntil.sorted { $0.key < $1.key }.map {
            JSONMember(name: $0.key.canonical.description, value: .string($0.value.description))
        }
        let revision: JSONValue? = revision > 0 ? .number(String(revision)) : nil
        return .object([
            "id": .string(id), "token_a": tokenAHash.map(JSONValue.string),
            "token_a_expires": tokenAExpires.map { .string($0.description) },
            "token_c": .array(tokenCHashes.map(JSONValue.string)),
            "token_b": outboundToken.map { .string($0.text) }, "token_encoding": .string(tokenEncoding.rawValue),
            "versions_url": versionsURL.map(JSONValue.string), "version": version.map { .string($0.rawValue) },
            "retiring": .array(retiringTokens.map(\.json)), "roles": .array(roles.map(\.json)),
            "invited": .array(invited.map { .string($0.description) }), "invited_until": .object(ends),
            "endpoints": endpoints.map { .array($0.map(\.json)) }, "revision": revision,
        ])
    }

    init?(json: JSONValue) {
        guard let id = json["id"]?.string else { return nil }
        self.init(
            id: id, tokenAHash: json["token_a"]?.string,
            tokenAExpires: json.time("token_a_expires"), tokenCHashes: json.strings("token_c"),
            outboundToken: json["token_b"]?.string.map(SealedSecret.init(text:)),
            tokenEncoding: json["token_encoding"]?.string.flatMap(TokenEncoding.init(rawValue:)) ?? .base64,
            versionsURL: json["versions_url"]?.string, version: json["version"]?.string.flatMap(OCPIVersion.init(rawValue:)),
            roles: (json["roles"]?.array ?? []).compactMap(PlatformRole.init(json:)),
            invited: json.strings("invited").compactMap { PartyID($0) },
            invitedUntil: Platform.ends(json["invited_until"]?.members ?? []),
            retiringTokens: (json["retiring"]?.array ?? []).compactMap(RetiringToken.init(json:)),
            endpoints: json["endpoints"]?.array?.compactMap(Endpoint.init(json:)),
            // A revision without a successor would block all further changes.
            revision: json["revision"]?.int.map(Int64.init).flatMap { 0...Platform.highestRevision ~= $0 ? $0 : nil } ?? 0)
    }

    private static let highestRevision: Int64 = 1 << 53

    private static func ends(_ members: [JSONMember]) -> [PartyID: Timestamp] {
        var ends: [PartyID: Timestamp] = [:]
        for member in members {
            guard let party = PartyID(member.name), let end = member.value.string.flatMap(Timestamp.init(rfc3339:)) else { continue }
            ends[party] = end
        }
        return ends
    }

    func add(to state: inout DirectoryState) { state.platforms.add(self) }
    func remove(from state: inout DirectoryState) { state.platforms.remove(self) }

    func isOverruled(by standing: Self) -> Bool { revision > 0 && revision <= standing.revision && self != standing }

    var following: Self { changed { _ in } }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? { bounded(written: written) }
}
