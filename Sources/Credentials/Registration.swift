package import Directory
package import Encoding
package import OCPI

/// The changes of the shared state when a platform registers, renews or leaves. Pure functions.
///
/// Kafka has no compare-and-set. So a platform first claims its parties and then reads the state again: of concurrent claims the first one
/// in the log counts, and all processes read them in the same order.
package enum Registration {
    /// How long a claim counts whose platform never finished registering, in milliseconds.
    package static let abandonedAfter: Int64 = 60_000

    /// Checks that the platform may serve all these parties: listed in the registry under this node, invited through this platform by the
    /// operator, and not served by another platform of this node.
    /// - Throws: 2001 naming the first party that it may not serve.
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

    /// Checks the roles. Every role is stored and announced, so a platform must not invent arbitrary ones.
    /// - Throws: 2001 naming the first role that neither OCPI defines nor the registry lists for its party.
    package static func check(_ roles: [PlatformRole], in directory: Directory) throws(OCPIError) {
        for role in roles where directory.networkParty(role.party)?.mayHave(role: role.role) != true {
            throw OCPIError(
                code: .invalidParameters, message: "\(role.role) is no role of OCPI, and none that the registry lists for \(role.party)")
        }
    }

    /// Whether the operator lets the platform serve the party, because the platform receives all requests to it. If the operator named no
    /// party, the platform cannot become a service provider, which would receive copies of others' requests.
    private static func mayServe(_ party: PartyID, _ platform: Platform, now: Timestamp, in directory: Directory) -> Bool {
        if platform.invites(party, now: now) { return true }
        if platform.isRegistered { return platform.roles.contains { $0.party == party } }
        return platform.invited.isEmpty && directory.service(party) == nil
    }

    /// The parties that the platform has not registered, or no longer has a claim of, without which they would not be served.
    package static func new(_ parties: [PartyID], for platform: Platform, in directory: Directory) -> [PartyID] {
        parties.filter { party in
            !platform.isRegistered || !platform.roles.contains { $0.party == party }
                || !directory.claims(of: party).contains { $0.platform == platform.id }
        }
    }

    /// First step: claims the new parties. They are not routed until the platform's record contains them.
    package static func claims(of parties: [PartyID], for platform: Platform, now: Timestamp) -> [FactChange] {
        parties.map { .put(.claim(PartyClaim(party: $0, platform: platform.id, since: now))) }
    }

    /// Checks that no other platform claimed one of the parties before the first step.
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

    /// Missing claims of registered parties that no platform claims. Such a claim was deleted as lapsed at the moment at which the platform
    /// claimed the party again.
    package static func missing(in directory: Directory, now: Timestamp) -> [FactChange] {
        directory.platforms.filter { $0.isRegistered && directory.status(of: $0.id) != .suspended }.flatMap { platform in
            Set(platform.roles.map(\.party)).filter { directory.claims(of: $0).isEmpty }.sorted().map {
                FactChange.put(.claim(PartyClaim(party: $0, platform: platform.id, since: now)))
            }
        }
    }

    /// Claims of existing platforms that never finished a registration.
    package static func lapsed(in directory: Directory, now: Timestamp) -> [FactChange] {
        directory.pendingClaims.filter { directory.platform(id: $0.platform) != nil && isVoid($0, now: now, in: directory) }
            .map { .delete(key: FactKey.claim($0.party, platform: $0.platform)) }
    }

    /// Deletes the claims of the first step, if another platform was first with a party, or another change with the platform's record.
    package static func withdrawal(of parties: [PartyID], for platform: Platform) -> [FactChange] {
        parties.map { .delete(key: FactKey.claim($0, platform: platform.id)) }
    }

    /// Second step: the platform's record, which makes it reachable and invalidates the old token. It consumes the invitations of its
    /// parties.
    /// - Parameters:
    ///   - platform: the record that this one replaces.
    ///   - peer: the platform's credentials.
    ///   - newToken: the token with which it calls this node from now on.
    ///   - sealed: the encrypted token with which to call it from now on.
    ///   - overlap: how long the replaced tokens stay valid; zero invalidates them at once.
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
            // For processes of older versions, which read them here.
            .put(.endpoints(platform: platform.id, description.endpoints)),
            .put(.status(platform: platform.id, .connected, now)),
            .put(.platform(registered)),
        ]
    }

    /// Third step, once the platform's record counts: deletes facts that it has made obsolete.
    /// - Parameter before: the platform until then.
    package static func cleanup(after before: Platform, _ peer: PeerCredentials, in directory: Directory) -> [FactChange] {
        let left = Set(before.roles.map(\.party)).subtracting(peer.parties).sorted()
        let rivals = peer.parties.flatMap(directory.claims(of:)).filter { $0.platform != before.id }
        return left.map { .delete(key: FactKey.claim($0, platform: before.id)) }
            + rivals.map { .delete(key: FactKey.claim($0.party, platform: $0.platform)) }
            + peer.roles.filter { isUnannouncedReturn($0, in: directory) }.map { .delete(key: FactKey.announced($0.party, role: $0.role)) }
            + existing(peer.roles.map { FactKey.clientInfo($0.party, role: $0.role) }, in: directory)
    }

    /// Whether a party left and returned before its departure was announced, so that its connection, perhaps at another platform, must be
    /// announced.
    private static func isUnannouncedReturn(_ role: PlatformRole, in directory: Directory) -> Bool {
        guard let announced = directory.announced(role.party, role: role.role), announced.status == .connected,
            let left = directory.toldClientInfo(role.party, role: role.role)
        else { return false }
        return left.status == .suspended && announced.lastUpdated < left.lastUpdated
    }

    /// The platform leaves: first the remaining statuses of its parties, then the marker that it is gone, which invalidates its token and
    /// stops all requests to it, whatever other processes write about it at that moment.
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

    /// The SUSPENDED status of roles for which no platform acts any more (OCPI 2.2.1, 14: there is no DELETE).
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

    /// Whether a claim's platform is gone, or has not finished its registration in time.
    private static func isVoid(_ claim: PartyClaim, now: Timestamp, in directory: Directory) -> Bool {
        guard directory.platform(id: claim.platform) != nil else { return true }
        return directory.isPending(claim) && claim.since.adding(milliseconds: abandonedAfter) < now
    }

    private static func taken(_ party: PartyID) -> OCPIError {
        OCPIError(code: .invalidParameters, message: "\(party) is connected through another platform")
    }
}
