package import Encoding
package import OCPI

/// "This party is served by this platform", from when the platform's record has it among its roles. The claim of a platform that registered with
/// the party counts, otherwise the earliest, so that nobody can take a party over.
package struct PartyClaim: Sendable, Equatable {
    /// The party.
    package var party: PartyID
    /// Id of the platform.
    package var platform: String
    /// When it was first claimed; kept when the claim is written again.
    package var since: Timestamp

    /// - Parameters: as the properties say.
    package init(party: PartyID, platform: String, since: Timestamp) {
        self.party = party
        self.platform = platform
        self.since = since
    }
}
