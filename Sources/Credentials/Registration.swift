package import Directory
package import Encoding
package import OCPI

/// What follows for the shared state when a platform registers, renews or leaves. Pure.
///
/// Nobody can compare and write at once in Kafka. So a platform first claims its parties and then looks again: of claims made at the same
/// time, the one that was written first counts, and everybody reads them in the same order.
package enum Registration {
    /// A claim whose platform never finished registering counts for this long, milliseconds.
    package static let abandonedAfter: Int64 = 60_000

    /// Whether all these parties may be served by the platform: listed in the registry under this node, invited through this platform by
    /// the operator, and served by nobody else here.
    /// - Throws: 2001 naming the first party that may not.
    package static func check(
        _ parties: [PartyID], for platform: Platform, nodeAddress: String, now: Timestamp, in directory: Directory
    )
        throws(OCPIError)
    {
        for party in parties {
            guard directory.networkParty(party)?.operatorAddress == nodeAddress else {
                throw OCPIError(code: .invalidParameters, message: "\(party) is not listed in the registry under this node")
            }
            guard mayServe(party, platform, now: now, in: directory) else {
                throw OCPIError(
                    code: .invalidParameters,
                    message: "\(party) was not invited through this connection, or not lately; ask the node's operator to do so")
            }
            guard directory.claims(of: party).allSatisfy({ $0.platform == platform.id || isVoid($0, now: now, in: directory) }) else {
                throw taken(party)
            }
        }
    }

    /// Every role is kept and told to everybody, so a platform cannot make up as many as it likes.
    /// - Throws: 2001 naming the first role that is none of OCPI and none the registry lists for its party.
    package static func check(_ roles: [PlatformRole], in directory: Directory) throws(OCPIError) {
        for role in roles where directory.networkParty(role.party)?.mayHave(role: role.role) != true {
            throw OCPIError(
                code: .invalidParameters, message: "\(role.role) is no role of OCPI, and none that the registry lists for \(role.party)")
        }
    }

    /// Whoever is connected as a party gets what is meant for it, so the operator says who that may be. Where no party was named, by a token A or
    /// for a platform that the operator has chosen, nobody becomes a provider of services, who gets copies of others' requests.
    private static func mayServe(_ party: PartyID, _ platform: Platform, now: Timestamp, in directory: Directory) -> Bool {
        if platform.invites(party, now: now) { return true }
        if platform.isRegistered { return platform.roles.contains { $0.party == party } }
        return platform.invited.isEmpty && directory.service(party) == nil
    }

    /// The parties that the platform has not registered with, or no longer has a claim of: without one they would not be served.
    package static func new(_ parties: [PartyID], for platform: Platform, in directory: Directory) -> [PartyID] {
        parties.filter { party in
            !platform.isRegistered || !platform.roles.contains { $0.party == party }
                || !directory.claims(of: party).contains { $0.platform == platform.id }
        }
    }

    /// First step: claim the parties that are new. Nothing is routed by these claims until the platform's record has the parties.
    package static func claims(of parties: [PartyID], for platform: Platform, now: Timestamp) -> [FactChange] {
        parties.map { .put(.claim(PartyClaim(party: $0, platform: platform.id, since: now))) }
    }

    /// Whether somebody else claimed one of the parties before the first step did.
    /// - Throws: 2001 naming the first such party.
    package static func confirm(
        _ parties: [PartyID], for platform: Platform, now: Timestamp, in directory: Directory
    ) throws(OCPIError) {
        for party in parties {
            let standing = directory.claims(of: party).filter { $0.platform == platform.id || !isVoid($0, now: now, in: directory) }
            guard standing.first?.platform == platform.id,
                standing.allSatisfy({ $0.platform == platform.id || directory.isPending($0) })
            else { throw taken(party) }
        }
    }

    /// Claims that are missing: of parties that their platform registered with, and that nobody claims. Such a claim was cleared away as
    /// lapsed in the moment in which the platform claimed the party anew.
    package static func missing(in directory: Directory, now: Timestamp) -> [FactChange] {
        directory.platforms.filter { $0.isRegistered && directory.status(of: $0.id) != .suspended }.flatMap { platform in
            Set(platform.roles.map(\.party)).filter { directory.claims(of: $0).isEmpty }.sorted().map {
                FactChange.put(.claim(PartyClaim(party: $0, platform: platform.id, since: now)))
            }
        }
    }

    /// Claims of platforms that are there and never came to the end of a registration.
    package static func lapsed(in directory: Directory, now: Timestamp) -> [FactChange] {
        directory.pendingClaims.filter { directory.platform(id: $0.platform) != nil && isVoid($0, now: now, in: directory) }
            .map { .delete(key: FactKey.claim($0.party, platform: $0.platform)) }
    }

    /// If somebody else was earlier, with a party or with the platform's record: take back what the first step wrote.
    package static func withdrawal(of parties: [PartyID], for platform: Platform) -> [FactChange] {
        parties.map { .delete(key: FactKey.claim($0, platform: platform.id)) }
    }

    /// Second step: the platform's record, which makes it reachable and turns the old token off. It uses the invitations of its parties up.
    /// - Parameters:
    ///   - platform: the record that this one follows.
    ///   - peer: what the platform says about itself.
    ///   - newToken: what it calls us with from now on.
    ///   - sealed: what we call it with from now on.
    ///   - overlap: for how long the tokens that are replaced stay good; zero turns them off at once.
    package static func changes(
        for platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, newToken: Token, sealed: SealedSecret,
        overlap: Duration = .zero, now: Timestamp, in directory: Directory
    ) -> [FactChange] {
        let hash = TokenHash.of(newToken)
        let replaced = overlap > .zero ? platform.tokenCHashes.filter { $0 != hash } : []
        let until = now.adding(milliseconds: overlap.milliseconds)
        let registered = platform.changed { record in
            record.tokenAHash = nil
            record.tokenAExpires = nil
            record.tokenCHashes = [hash]
            record.outboundToken = sealed
            record.tokenEncoding = description.encoding
            record.versionsURL = peer.versionsURL
            record.version = description.version
            record.roles = peer.roles
            record.useInvitations(of: peer.parties, now: now)
            record.retiringTokens = replaced.map { RetiringToken(hash: $0, until: until) }
            record.endpoints = description.endpoints
        }
        let gone = platform.roles.filter { role in !peer.roles.contains { $0.party == role.party && $0.role == role.role } }
        return suspended(gone, of: platform, now: now, in: directory) + [
            // For processes of older versions, which look for them here.
            .put(.endpoints(platform: platform.id, description.endpoints)),
            .put(.status(platform: platform.id, .connected, now)),
            .put(.platform(registered)),
        ]
    }

    /// Third step, once the platform's record counts: what it has made pointless goes.
    /// - Parameter before: the platform as it was until then.
    package static func clearance(after before: Platform, _ peer: PeerCredentials, in directory: Directory) -> [FactChange] {
        let left = Set(before.roles.map(\.party)).subtracting(peer.parties).sorted()
        let rivals = peer.parties.flatMap(directory.claims(of:)).filter { $0.platform != before.id }
        return left.map { .delete(key: FactKey.claim($0, platform: before.id)) }
            + rivals.map { .delete(key: FactKey.claim($0.party, platform: $0.platform)) }
            + peer.roles.filter { isUntoldReturn($0, in: directory) }.map { .delete(key: FactKey.announced($0.party, role: $0.role)) }
            + existing(peer.roles.map { FactKey.clientInfo($0.party, role: $0.role) }, in: directory)
    }

    /// Whether a party has left and come back before anybody was told that it had left: that it is connected, perhaps elsewhere, is news all the
    /// same.
    private static func isUntoldReturn(_ role: PlatformRole, in directory: Directory) -> Bool {
        guard let announced = directory.announced(role.party, role: role.role), announced.status == .connected,
            let left = directory.toldClientInfo(role.party, role: role.role)
        else { return false }
        return left.status == .suspended && announced.lastUpdated < left.lastUpdated
    }

    /// The platform leaves: after what the hub goes on telling about its parties comes that it is gone, so that its token is dead and nothing
    /// is sent to it any more, whatever others are writing about it at that moment.
    package static func removal(
        of platform: Platform, suspendedSince: Timestamp, now: Timestamp, in directory: Directory
    ) -> [FactChange] {
        let parties = Set(platform.roles.map(\.party) + platform.invited).sorted()
        let rules = OCNRules.List.allCases.flatMap { list in
            directory.ruleEntries(of: platform.id, list).map { FactKey.rule(platform.id, list, $0.party) }
        }
        return suspended(platform.roles, of: platform, now: suspendedSince, in: directory)
            + [
                .put(.gone(platform: platform.id, now)), .delete(key: FactKey.platform(platform.id)),
                .delete(key: FactKey.endpoints(platform.id)),
            ]
            + existing(
                parties.map { FactKey.claim($0, platform: platform.id) } + [FactKey.rules(platform.id), FactKey.origins(platform.id)]
                    + rules, in: directory)
            + [.delete(key: FactKey.status(platform.id))]
    }

    /// What the hub goes on telling about roles that nobody acts for any more (OCPI 2.2.1, 14: there is no DELETE).
    private static func suspended(
        _ roles: [PlatformRole], of platform: Platform, now: Timestamp, in directory: Directory
    )
        -> [FactChange]
    {
        guard platform.isRegistered else { return [] }
        return roles.filter { directory.serves(platform, $0.party) }.map {
            .put(.clientInfo(ClientInfo(party: $0.party.canonical, role: $0.role, status: .suspended, lastUpdated: now)))
        }
    }

    private static func existing(_ keys: [String], in directory: Directory) -> [FactChange] {
        keys.filter { directory.fact($0) != nil }.map { .delete(key: $0) }
    }

    /// A claim of a platform that is gone, or that began to register and never came to the end.
    private static func isVoid(_ claim: PartyClaim, now: Timestamp, in directory: Directory) -> Bool {
        guard directory.platform(id: claim.platform) != nil else { return true }
        return directory.isPending(claim) && claim.since.adding(milliseconds: abandonedAfter) < now
    }

    private static func taken(_ party: PartyID) -> OCPIError {
        OCPIError(code: .invalidParameters, message: "\(party) is connected through another platform")
    }
}
