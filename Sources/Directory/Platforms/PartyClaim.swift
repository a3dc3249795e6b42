package import Encoding
package import OCPI

/// A platform's claim to serve a party, valid once the platform's record has the party among its roles. The claim of a platform that
/// registered with the party counts, otherwise the earliest, so that no platform can take over another's party.
package struct PartyClaim: Sendable, Equatable {
    /// The party.
    package var party: PartyID
    /// Id of the platform.
    package var platform: String
    /// When it was first claimed; kept when the claim is written again.
    package var since: Timestamp

    package init(party: PartyID, platform: String, since: Timestamp) {
        self.party = party
        self.platform = platform
        self.since = since
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a platform's claim of a party.
    package static func claim(_ party: PartyID, platform: String) -> String { "\(PartyClaim.kind)/\(party.canonical)/\(platform)" }
}

extension Fact {
    /// A platform's claim of a party.
    package static func claim(_ claim: PartyClaim) -> Fact { Fact(claim) }
}

extension PartyClaim: StateFact {
    static let kind = "claim"
    var key: String { FactKey.claim(party, platform: platform) }
    var subject: String? { platform }

    var json: JSONValue {
        ["party": .string(party.description), "platform": .string(platform), "since": .string(since.description)]
    }

    init?(json: JSONValue) {
        guard let party = json.party("party"), let platform = json["platform"]?.string, let since = json.time("since") else { return nil }
        self.init(party: party, platform: platform, since: since)
    }

    func add(to state: inout DirectoryState) { state.platforms.add(self) }
    func remove(from state: inout DirectoryState) { state.platforms.remove(self) }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        since > latest ? PartyClaim(party: party, platform: platform, since: latest) : nil
    }
}
