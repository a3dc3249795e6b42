package import Encoding
package import OCPI
import Topics

// How long what lets somebody in is good.
extension Platform {
    /// How long a token A and an invitation are good, milliseconds.
    package static let invitationLifetime: Int64 = 30 * 86_400_000
    /// How long a replaced token can stay good, milliseconds: the most that `node.token_overlap_seconds` may be.
    package static let longestOverlap: Int64 = 86_400_000

    /// Whether the operator has invited the party through this platform, and that still counts.
    package func invites(_ party: PartyID, now: Timestamp) -> Bool {
        invited.contains(party) && invitedUntil[party].map { now < $0 } ?? true
    }

    /// Invites parties; those that are invited already get the new time.
    package mutating func invite(_ parties: [PartyID], until end: Timestamp) {
        invited += parties.filter { !invited.contains($0) }
        for party in parties { invitedUntil[party] = end }
    }

    /// Ends the invitations that are used up and those whose time has come.
    package mutating func useInvitations(of parties: [PartyID], now: Timestamp) {
        invited = invited.filter { invites($0, now: now) && !parties.contains($0) }
        invitedUntil = invitedUntil.filter { invited.contains($0.key) }
    }

    /// With an end for a token A and for invitations that have none: older versions wrote such.
    func dated(from written: Timestamp) -> Platform {
        var dated = self
        let end = written.adding(milliseconds: Self.invitationLifetime)
        if tokenAHash != nil, tokenAExpires == nil { dated.tokenAExpires = end }
        for party in invited where invitedUntil[party] == nil { dated.invitedUntil[party] = end }
        return dated
    }

    /// With no end later than the longest time that a process gives.
    /// - Parameter written: when the record was.
    /// - Returns: nil if there is none.
    func bounded(written: Timestamp) -> Platform? {
        let latest = written.adding(milliseconds: RecordBounds.clockTolerance)
        let (end, overlap) = (latest.adding(milliseconds: Self.invitationLifetime), latest.adding(milliseconds: Self.longestOverlap))
        let isBounded =
            tokenAExpires.map { $0 <= end } ?? true && invitedUntil.values.allSatisfy { $0 <= end }
            && retiringTokens.allSatisfy { $0.until <= overlap }
        guard !isBounded else { return nil }
        var bounded = self
        bounded.tokenAExpires = tokenAExpires.map { min($0, end) }
        bounded.invitedUntil = invitedUntil.mapValues { min($0, end) }
        bounded.retiringTokens = retiringTokens.map { RetiringToken(hash: $0.hash, until: min($0.until, overlap)) }
        return bounded
    }
}
