package import Encoding
package import OCPI
import Topics

// Lifetimes of tokens and invitations.
extension Platform {
    /// The lifetime of a token A and of an invitation, in milliseconds.
    package static let invitationLifetime: Int64 = 30 * 86_400_000
    /// The longest time that a replaced token stays valid, in milliseconds: the maximum of `node.token_overlap_seconds`.
    package static let longestOverlap: Int64 = 86_400_000

    /// Whether the operator has invited the party through this platform, and the invitation has not expired.
    package func invites(_ party: PartyID, now: Timestamp) -> Bool {
        invited.contains(party) && invitedUntil[party].map { now < $0 } ?? true
    }

    /// Invites parties; existing invitations get the new expiry.
    package mutating func invite(_ parties: [PartyID], until end: Timestamp) {
        invited += parties.filter { !invited.contains($0) }
        for party in parties { invitedUntil[party] = end }
    }

    /// Removes used and expired invitations.
    package mutating func useInvitations(of parties: [PartyID], now: Timestamp) {
        invited = invited.filter { invites($0, now: now) && !parties.contains($0) }
        invitedUntil = invitedUntil.filter { invited.contains($0.key) }
    }

    /// Adds an expiry to a token A and to invitations without one, which older versions wrote.
    func dated(from written: Timestamp) -> Platform {
        var dated = self
        let end = written.adding(milliseconds: Self.invitationLifetime)
        if tokenAHash != nil, tokenAExpires == nil { dated.tokenAExpires = end }
        for party in invited where invitedUntil[party] == nil { dated.invitedUntil[party] = end }
        return dated
    }

    /// Limits every expiry to the longest lifetime.
    /// - Parameter written: when the record was written.
    /// - Returns: nil if there is none to limit.
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
