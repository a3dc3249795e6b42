package import Encoding
package import OCPI

/// Who is connected, who is on the network, and who agreed to what: an immutable snapshot of `ocn.state`.
///
/// A value type: take it once per request or batch from ``StateStore`` and ask it as often as needed. All look-ups are O(1) in the
/// number of parties. Party ids compare without case.
package struct Directory: Sendable {
    /// The next offset of `ocn.state` to apply: everything before it is in this snapshot.
    package private(set) var version: Int64 = 0

    private let secrets: NodeSecrets
    private var platformsByID: [String: Platform] = [:]
    private var platformsByTokenHash: [String: String] = [:]
    /// With whom a platform registered.
    private var partiesByPlatform: [String: Set<PartyID>] = [:]
    private var outboundTokens: [String: Token] = [:]
    private var endpointsByPlatform: [String: [Endpoint]] = [:]
    /// URLs of modules at or above the place of their platform's credentials, versions or client infos; few platforms have any.
    var endpointsAboveConfiguration: [String: Set<String>] = [:]
    private var statusByPlatform: [String: (PlatformStatus, Timestamp)] = [:]
    private var clientInfosByName: [ClientInfoName: ClientInfo] = [:]
    private var announcedByName: [ClientInfoName: ClientInfo] = [:]
    private var rulesByPlatform: [String: OCNRules] = [:]
    private var ruleListsByPlatform: [String: [OCNRules.List: [PartyID: OCNRules.Entry]]] = [:]
    private var claimsByParty: [PartyID: [PartyClaim]] = [:]
    private var nodesByOperator: [String: NetworkNode] = [:]
    private var partiesByID: [PartyID: NetworkParty] = [:]
    private var servicesByProvider: [PartyID: NetworkService] = [:]
    private var providersByUser: [PartyID: [PartyID: Agreement]] = [:]
    private var ordersByRecipient: [PartyID: OutboxOrder] = [:]
    private var rewindsByRecipient: [PartyID: [Int32: String]] = [:]
    private var breakersByRecipient: [PartyID: [String: BreakerReport]] = [:]
    private var storeRulesByRecipient: [PartyID: Set<StoreRule>] = [:]
    private var factsByKey: [String: Fact] = [:]
    private var goneByID: [String: Timestamp] = [:]
    /// Keys whose newest record does not count, so that compaction will leave only that.
    private var overruledKeys: Set<String> = []
    private var processesByInstance: [String: ProcessReport] = [:]
    /// The newest claim to lead.
    package private(set) var leader: LeaderClaim?
    /// What makes processes those of this node; nil before the first of them has started.
    package private(set) var identity: NodeIdentity?

    /// An empty directory.
    /// - Parameter secrets: opens the tokens we call platforms with.
    package init(secrets: NodeSecrets) {
        self.secrets = secrets
    }

    // MARK: Platforms

    /// What a presented token is good for.
    package enum TokenUse: Sendable {
        /// Token A: versions and credentials only.
        case registration
        /// Token C: everything.
        case credentials
    }

    /// The platform that a token belongs to.
    /// - Parameters:
    ///   - tokens: the possible readings of one `Authorization` header, tried in turn.
    ///   - now: replaced tokens, and tokens A, whose time has come are unknown.
    package func platform(
        presenting tokens: [Token], now: Timestamp = .now
    ) -> (platform: Platform, use: TokenUse, token: Token)? {
        for token in tokens {
            // Looked up by hash: the time this takes says nothing about the tokens we know.
            let hash = TokenHash.of(token)
            guard let id = platformsByTokenHash[hash], let platform = platformsByID[id] else { continue }
            if let retiring = platform.retiringTokens.first(where: { $0.hash == hash }), retiring.until <= now { continue }
            guard platform.tokenAHash == hash else { return (platform, .credentials, token) }
            if let end = platform.tokenAExpires, end <= now { continue }
            return (platform, .registration, token)
        }
        return nil
    }

    /// The platform of this id.
    package func platform(id: String) -> Platform? { platformsByID[id] }

    /// The registered platform that serves a party here; nil if the party is not connected to this node.
    package func platform(of party: PartyID) -> Platform? {
        guard let claim = claim(of: party), !isPending(claim) else { return nil }
        return platformsByID[claim.platform]
    }

    /// The claim that counts for a party: of a platform that registered with it, otherwise the earliest, by which nothing is routed. It does
    /// not depend on the order in which records are read or compacted.
    package func claim(of party: PartyID) -> PartyClaim? {
        let claims = claims(of: party)
        guard claims.count > 1 else { return claims.first }
        return claims.min { (isPending($0) ? 1 : 0, $0.since, $0.platform) < (isPending($1) ? 1 : 0, $1.since, $1.platform) }
    }

    /// All claims of a party, as they were written: of several platforms that claim it at once, the first.
    package func claims(of party: PartyID) -> [PartyClaim] { claimsByParty[party] ?? [] }

    /// Whether the claim's platform has not (yet) registered with that party.
    package func isPending(_ claim: PartyClaim) -> Bool {
        partiesByPlatform[claim.platform]?.contains(claim.party) != true
    }

    /// Whether the platform serves the party: it registered with it, and its claim counts.
    package func serves(_ platform: Platform, _ party: PartyID) -> Bool { self.platform(of: party)?.id == platform.id }

    /// What a platform advertised.
    package func endpoints(of platform: String) -> [Endpoint] {
        platformsByID[platform]?.endpoints ?? endpointsByPlatform[platform] ?? []
    }

    /// The URL of a platform's module interface; the first if it lists several.
    package func endpoint(of platform: String, _ module: ModuleID, _ interface: InterfaceRole) -> String? {
        endpoints(of: platform).first { $0.module == module && $0.interface == interface }?.url
    }

    /// The token we call a platform with.
    package func outboundToken(of platform: String) -> Token? { outboundTokens[platform] }

    /// The `Authorization` value for calls to a platform, in the encoding it understands.
    package func authorization(for platform: Platform) -> String? {
        outboundTokens[platform.id]?.authorization(encoding: platform.tokenEncoding)
    }

    /// Whether a platform can be reached; `planned` for one that never said.
    package func status(of platform: String) -> PlatformStatus { statusByPlatform[platform]?.0 ?? .planned }

    /// When a platform was last heard of; nil for one that never was.
    package func lastUpdated(of platform: String) -> Timestamp? { statusByPlatform[platform]?.1 }

    /// Whom a platform lets through.
    package func rules(of platform: String) -> OCNRules {
        guard var rules = rulesByPlatform[platform] else { return OCNRules() }
        if let active = rules.active { rules.entries = ruleEntries(of: platform, active) }
        return rules
    }

    /// The entries of one of a platform's lists, active or not, by party.
    package func ruleEntries(of platform: String, _ list: OCNRules.List) -> [OCNRules.Entry] {
        ruleListsByPlatform[platform]?[list]?.values.sorted { $0.party < $1.party } ?? []
    }

    /// Why a request of `sender` to `module` must not reach `receiver`, by the receiver's OcnRules; nil if it may, and for receivers that
    /// are not connected here: their own node judges. O(1).
    package func refusal(of sender: PartyID, to receiver: PartyID, _ module: ModuleID) -> String? {
        guard let platform = platform(of: receiver), var rules = rulesByPlatform[platform.id], let active = rules.active else { return nil }
        rules.entries = ruleListsByPlatform[platform.id]?[active]?[sender].map { [$0] } ?? []
        return rules.refusal(of: sender, to: module)
    }

    /// How parties stand that are not served here, by what was told.
    package var toldClientInfos: [ClientInfo] { clientInfosByName.values.sorted { ($0.party, $0.role) < ($1.party, $1.role) } }

    /// The same of one party in one role.
    package func toldClientInfo(_ party: PartyID, role: String) -> ClientInfo? {
        clientInfosByName[ClientInfoName(party: party, role: role)]
    }

    /// What platforms and nodes were told last about a party in a role.
    package func announced(_ party: PartyID, role: String) -> ClientInfo? { announcedByName[ClientInfoName(party: party, role: role)] }

    /// Everything that platforms and nodes were told last, by party and role.
    package var announcedClientInfos: [ClientInfo] { announcedByName.values.sorted { ($0.party, $0.role) < ($1.party, $1.role) } }

    /// Keys of what is said about platforms that are not there: a removal that came to no end. O(facts).
    package var orphanedKeys: [String] {
        factsByKey.filter { $0.value.platform.map { platformsByID[$0] == nil } ?? false }.keys.sorted()
    }

    /// Facts that stand although a later record of their key is there, which follows an older one, as they are to be written again:
    /// compaction would leave the other one only. They follow themselves, so that they count for whoever has read only the other one too.
    package var overruledFacts: [Fact] { overruledKeys.sorted().compactMap { factsByKey[$0]?.following } }

    /// Those of the changes' keys that ``overruledFacts`` are of.
    package func overruledFacts(among changes: [FactChange]) -> [Fact] {
        changes.map(\.key).filter(overruledKeys.contains).compactMap { factsByKey[$0]?.following }
    }

    /// Ids of platforms that were removed no later than `latest`, and of which nothing stands here any more. O(facts).
    package func forgettable(by latest: Timestamp) -> [String] {
        let gone = goneByID.filter { $0.value <= latest }
        guard !gone.isEmpty else { return [] }
        let mentioned = Set(factsByKey.values.compactMap(\.platform))
        return gone.keys.filter { !mentioned.contains($0) }.sorted()
    }

    /// Claims of parties that their platforms have not registered with. O(claims).
    package var pendingClaims: [PartyClaim] { claimsByParty.values.joined().filter(isPending) }

    /// All platforms, by id.
    package var platforms: [Platform] { platformsByID.values.sorted { $0.id < $1.id } }

    // MARK: Network

    /// A party as the registry lists it.
    package func networkParty(_ party: PartyID) -> NetworkParty? { partiesByID[party] }

    /// Whether the registry lists a party in one of the roles that is not connected to this node. O(parties).
    package func listsParty(in roles: Set<String>) -> Bool {
        partiesByID.values.contains { !roles.isDisjoint(with: $0.roles) && platform(of: $0.party) == nil }
    }

    /// The node a party is connected to, as the registry lists it.
    package func node(of party: PartyID) -> NetworkNode? {
        partiesByID[party].flatMap { nodesByOperator[$0.operatorAddress] }
    }

    /// The node of an operator.
    package func node(operator address: String) -> NetworkNode? { nodesByOperator[address.lowercased()] }

    /// All nodes, by operator address.
    package var nodes: [NetworkNode] { nodesByOperator.values.sorted { $0.operatorAddress < $1.operatorAddress } }

    /// All parties of the network.
    package var parties: [NetworkParty] { partiesByID.values.sorted { $0.party < $1.party } }

    // MARK: Services and agreements

    /// The service a party offers.
    package func service(_ provider: PartyID) -> NetworkService? { servicesByProvider[provider] }

    /// All services.
    package var services: [NetworkService] { servicesByProvider.values.sorted { $0.provider < $1.provider } }

    /// The services a user agreed to, in the order of their providers.
    package func services(agreedBy user: PartyID) -> [NetworkService] {
        guard let providers = providersByUser[user] else { return [] }
        return providers.keys.sorted().compactMap { servicesByProvider[$0] }
    }

    /// Whether the user's agreement with the provider is in force.
    package func hasAgreement(user: PartyID, provider: PartyID) -> Bool { providersByUser[user]?[provider] != nil }

    /// All agreements in force.
    package var agreements: [Agreement] {
        providersByUser.values.flatMap(\.values).sorted { ($0.user, $0.provider) < ($1.user, $1.provider) }
    }

    // MARK: Outboxes

    /// What an operator ordered for a recipient's outbox; nil if nobody ever ordered anything.
    package func outboxOrder(of recipient: PartyID) -> OutboxOrder? { ordersByRecipient[recipient] }

    /// Everything ordered, by recipient.
    package var outboxOrders: [OutboxOrder] { ordersByRecipient.values.sorted { $0.recipient < $1.recipient } }

    /// The id of the last rewind that was carried out on a partition of a recipient's outbox.
    package func rewindDone(of recipient: PartyID, partition: Int32) -> String? { rewindsByRecipient[recipient]?[partition] }

    /// Every report there is of a breaker that is not closed, outdated ones included.
    package var breakers: [BreakerReport] { breakersByRecipient.values.flatMap(\.values) }

    /// The breakers for a recipient that are not closed, by worker; outdated reports included.
    package func breakers(of recipient: PartyID) -> [BreakerReport] {
        breakersByRecipient[recipient]?.values.sorted { $0.worker < $1.worker } ?? []
    }

    // MARK: Processes

    /// What a process said of itself last, also if it has died since.
    package func process(_ instance: String) -> ProcessReport? { processesByInstance[instance] }

    /// What all processes said of themselves last, dead ones included.
    package var processes: [ProcessReport] { processesByInstance.values.sorted { $0.instance < $1.instance } }

    /// The tokens with which platforms are called: how many can be decrypted here, and of which platforms one cannot. O(platforms).
    package var sealedTokens: (readable: Int, unreadable: [String]) {
        let unreadable = platformsByID.values.filter { $0.outboundToken != nil && outboundTokens[$0.id] == nil }.map(\.id)
        return (outboundTokens.count, unreadable.sorted())
    }

    // MARK: Store and forward

    /// What is stored and forwarded, by recipient, module and method.
    package var storeRules: [StoreRule] { storeRulesByRecipient.values.flatMap(\.self).sorted() }

    /// Whether a rule stands for what is sent to a recipient with that method, to that module's receiver interface. O(1): a recipient has
    /// at most a handful of rules.
    package func isStored(to recipient: PartyID, module: ModuleID, method: Method) -> Bool {
        storeRulesByRecipient[recipient]?.contains { $0.module == module && $0.method == method } ?? false
    }

    /// The fact that stands under a key, e.g. to see whether a write would change anything.
    package func fact(_ key: String) -> Fact? { factsByKey[key] }

    // MARK: Following

    /// The follower has seen everything before this offset, whether or not it could read it.
    package mutating func advance(to version: Int64) {
        self.version = max(self.version, version)
    }

    /// Applies one record: nil is a deletion. Everybody who applies the same records in their order has the same facts.
    package mutating func apply(key: String, _ fact: Fact?) {
        let old = factsByKey[key]
        if let old, let fact, fact.isOverruled(by: old) {
            overruledKeys.insert(key)
            return
        }
        // The same again is no later one: for whoever has read only what was overruled it still counts for nothing.
        if let fact, fact == old, overruledKeys.contains(key) { return }
        overruledKeys.remove(key)
        if let old { remove(old) }
        factsByKey[key] = fact
        if let fact { add(fact) }
        if let changed = fact ?? old { judgeEndpoints(after: changed) }
    }

    private func platformFact(_ id: String) -> Platform? {
        guard case .platform(let platform) = factsByKey[FactKey.platform(id)] else { return nil }
        return platform
    }

    private mutating func add(_ fact: Fact) {
        switch fact {
        case .platform(let platform):
            guard goneByID[platform.id] == nil else { return }
            platformsByID[platform.id] = platform
            if platform.isRegistered { partiesByPlatform[platform.id] = Set(platform.roles.map(\.party)) }
            for hash in platform.tokenHashes { platformsByTokenHash[hash] = platform.id }
            outboundTokens[platform.id] = platform.outboundToken.flatMap(secrets.open)
        case .endpoints(let platform, let endpoints): endpointsByPlatform[platform] = endpoints
        case .status(let platform, let status, let time): statusByPlatform[platform] = (status, time)
        case .claim(let claim): claimsByParty[claim.party, default: []].append(claim)
        case .clientInfo(let info): clientInfosByName[ClientInfoName(party: info.party, role: info.role)] = info
        case .announced(let info): announcedByName[ClientInfoName(party: info.party, role: info.role)] = info
        case .rules(let platform, let signatures, let active):
            rulesByPlatform[platform] = OCNRules(signatures: signatures, active: active)
        case .rule(let platform, let list, let entry):
            ruleListsByPlatform[platform, default: [:]][list, default: [:]][entry.party] = entry
        case .node(let node): nodesByOperator[node.operatorAddress] = node
        case .party(let party): partiesByID[party.party] = party
        case .service(let service): servicesByProvider[service.provider] = service
        case .agreement(let agreement): providersByUser[agreement.user, default: [:]][agreement.provider] = agreement
        case .leader(let claim): leader = claim
        case .outbox(let order): ordersByRecipient[order.recipient] = order
        case .outboxDone(let recipient, let partition, let rewindID): rewindsByRecipient[recipient, default: [:]][partition] = rewindID
        case .breaker(let report): breakersByRecipient[report.recipient, default: [:]][report.worker] = report
        case .storeRule(let rule): storeRulesByRecipient[rule.recipient, default: []].insert(rule)
        case .identity(let identity): self.identity = identity
        case .process(let report): processesByInstance[report.instance] = report
        case .gone(let platform, let time):
            goneByID[platform] = time
            if let written = platformFact(platform) { remove(.platform(written)) }
        // Found by its key.
        case .origins: break
        }
    }

    private mutating func remove(_ fact: Fact) {
        switch fact {
        case .platform(let platform):
            platformsByID[platform.id] = nil
            partiesByPlatform[platform.id] = nil
            outboundTokens[platform.id] = nil
            for hash in platform.tokenHashes where platformsByTokenHash[hash] == platform.id { platformsByTokenHash[hash] = nil }
        case .endpoints(let platform, _): endpointsByPlatform[platform] = nil
        case .status(let platform, _, _): statusByPlatform[platform] = nil
        case .claim(let claim):
            claimsByParty[claim.party]?.removeAll { $0.platform == claim.platform }
            if claimsByParty[claim.party]?.isEmpty == true { claimsByParty[claim.party] = nil }
        case .clientInfo(let info): clientInfosByName[ClientInfoName(party: info.party, role: info.role)] = nil
        case .announced(let info): announcedByName[ClientInfoName(party: info.party, role: info.role)] = nil
        case .rules(let platform, _, _): rulesByPlatform[platform] = nil
        case .rule(let platform, let list, let entry):
            ruleListsByPlatform[platform]?[list]?[entry.party] = nil
            if ruleListsByPlatform[platform]?[list]?.isEmpty == true { ruleListsByPlatform[platform]?[list] = nil }
            if ruleListsByPlatform[platform]?.isEmpty == true { ruleListsByPlatform[platform] = nil }
        case .node(let node): nodesByOperator[node.operatorAddress] = nil
        case .party(let party): partiesByID[party.party] = nil
        case .service(let service): servicesByProvider[service.provider] = nil
        case .agreement(let agreement):
            providersByUser[agreement.user]?[agreement.provider] = nil
            if providersByUser[agreement.user]?.isEmpty == true { providersByUser[agreement.user] = nil }
        case .leader: leader = nil
        case .identity: identity = nil
        case .process(let report): processesByInstance[report.instance] = nil
        case .gone(let platform, _):
            goneByID[platform] = nil
            if let written = platformFact(platform) { add(.platform(written)) }
        case .origins: break
        case .outbox(let order): ordersByRecipient[order.recipient] = nil
        case .outboxDone(let recipient, let partition, _):
            rewindsByRecipient[recipient]?[partition] = nil
            if rewindsByRecipient[recipient]?.isEmpty == true { rewindsByRecipient[recipient] = nil }
        case .breaker(let report):
            breakersByRecipient[report.recipient]?[report.worker] = nil
            if breakersByRecipient[report.recipient]?.isEmpty == true { breakersByRecipient[report.recipient] = nil }
        case .storeRule(let rule):
            storeRulesByRecipient[rule.recipient]?.remove(rule)
            if storeRulesByRecipient[rule.recipient]?.isEmpty == true { storeRulesByRecipient[rule.recipient] = nil }
        }
    }
}

extension Platform {
    fileprivate var tokenHashes: [String] { (tokenAHash.map { [$0] } ?? []) + tokenCHashes + retiringTokens.map(\.hash) }
}
