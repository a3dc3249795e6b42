import Directory
import OCPI
import Wire

/// What follows for the shared state when a platform registers, renews or leaves. Pure.
enum Registration {
    /// A claim whose platform never finished registering counts for this long, milliseconds.
    static let abandonedAfter: Int64 = 60_000

    /// Whether all these parties may be served by the platform: listed in the registry under this node, and by nobody else here.
    /// - Throws: 2001 naming the first party that may not.
    static func check(
        _ parties: [PartyID], for platform: Platform, nodeAddress: String, now: Timestamp, in directory: Directory
    )
        throws(OCPIError)
    {
        for party in parties {
            guard directory.networkParty(party)?.operatorAddress == nodeAddress else {
                throw OCPIError(code: .invalidParameters, message: "\(party) is not listed in the registry under this node")
            }
            guard let claim = directory.claim(of: party), claim.platform != platform.id, !isVoid(claim, now: now, in: directory) else {
                continue
            }
            throw OCPIError(code: .invalidParameters, message: "\(party) is connected through another platform")
        }
    }

    /// First step: claim the parties. Until the platform's own record follows, nothing is routed by these.
    /// A claim that exists is written again as it is: its age decides between two that were made at once.
    static func claims(of parties: [PartyID], for platform: Platform, now: Timestamp, in directory: Directory) -> [Change] {
        parties.flatMap { party -> [Change] in
            let standing = directory.claim(of: party)
            let isOwn = standing?.platform == platform.id
            let mine = PartyClaim(party: party, platform: platform.id, since: isOwn ? standing?.since ?? now : now)
            guard let standing, !isOwn else { return [.put(.claim(mine))] }
            return [.delete(key: FactKey.claim(party, platform: standing.platform)), .put(.claim(mine))]
        }
    }

    /// If somebody else's claim was earlier: take back what the first step wrote.
    static func withdrawal(of parties: [PartyID], for platform: Platform) -> [Change] {
        let kept = platform.roles.map(\.party)
        return parties.filter { !kept.contains($0) }.map { .delete(key: FactKey.claim($0, platform: platform.id)) }
    }

    /// Second step: everything else, the platform's record last, because that is what makes it reachable and turns the old token off.
    static func changes(
        for platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, _ version: OCPIVersion,
        newToken: Token, sealed: SealedSecret, now: Timestamp
    ) -> [Change] {
        let left = Set(platform.roles.map(\.party)).subtracting(peer.parties).sorted()
        let registered = Platform(
            id: platform.id, tokenAHash: nil, tokenCHashes: [TokenHash.of(newToken)], outboundToken: sealed,
            tokenEncoding: description.encoding, versionsURL: peer.versionsURL, version: version, roles: peer.roles,
            invited: platform.invited)
        return left.map { .delete(key: FactKey.claim($0, platform: platform.id)) } + [
            .put(.endpoints(platform: platform.id, description.endpoints)),
            .put(.status(platform: platform.id, .connected, now)),
            .put(.platform(registered)),
        ]
    }

    /// The platform leaves: its record first, so that its token is dead and nothing is sent to it any more.
    static func removal(of platform: Platform) -> [Change] {
        let parties = Set(platform.roles.map(\.party)).sorted()
        return [.delete(key: FactKey.platform(platform.id)), .delete(key: FactKey.endpoints(platform.id))]
            + parties.map { .delete(key: FactKey.claim($0, platform: platform.id)) } + [.delete(key: FactKey.status(platform.id))]
    }

    /// A claim of a platform that is gone, or that began to register and never came to the end.
    private static func isVoid(_ claim: PartyClaim, now: Timestamp, in directory: Directory) -> Bool {
        guard let platform = directory.platform(id: claim.platform) else { return true }
        return !platform.isRegistered && claim.since.adding(milliseconds: abandonedAfter) < now
    }
}
