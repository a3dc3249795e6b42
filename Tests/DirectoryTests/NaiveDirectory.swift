import Encoding
import OCPI

@testable import Directory

/// What ``Directory`` is to answer, found by looking at all facts each time.
struct NaiveDirectory {
    private(set) var facts: [String: Fact] = [:]
    /// When each fact was written.
    private var written: [String: Int] = [:]
    private(set) var overruled: Set<String> = []
    private var writes = 0
    let secrets: NodeSecrets

    init(secrets: NodeSecrets) { self.secrets = secrets }

    mutating func apply(key: String, _ fact: Fact?) {
        writes += 1
        if let new = fact?.value(as: Platform.self), let old = facts[key]?.value(as: Platform.self) {
            if new.revision > 0, new.revision <= old.revision, new != old {
                overruled.insert(key)
                return
            }
            if new == old, overruled.contains(key) { return }
        }
        overruled.remove(key)
        facts[key] = fact
        written[key] = writes
    }

    func all<Value>(_ kind: Value.Type) -> [Value] { facts.values.compactMap { $0.value(as: kind) } }

    // MARK: Platforms

    private var removals: [PlatformRemoval] { all(PlatformRemoval.self) }

    var platforms: [Platform] {
        all(Platform.self).filter { platform in !removals.contains { $0.platform == platform.id } }.sorted { $0.id < $1.id }
    }

    func platform(id: String) -> Platform? { platforms.first { $0.id == id } }

    func platform(presenting token: Token, now: Timestamp) -> (id: String, isRegistration: Bool)? {
        let hash = TokenHash.of(token)
        for platform in platforms {
            if let retiring = platform.retiringTokens.first(where: { $0.hash == hash }) {
                return retiring.until > now ? (platform.id, false) : nil
            }
            if platform.tokenCHashes.contains(hash) { return (platform.id, false) }
            if platform.tokenAHash == hash { return platform.tokenAExpires.map { $0 > now } ?? true ? (platform.id, true) : nil }
        }
        return nil
    }

    func isPending(_ claim: PartyClaim) -> Bool {
        guard let platform = platform(id: claim.platform), platform.isRegistered else { return true }
        return !platform.roles.contains { $0.party == claim.party }
    }

    func claims(of party: PartyID) -> [PartyClaim] {
        all(PartyClaim.self).filter { $0.party == party }.sorted { written[$0.key, default: 0] < written[$1.key, default: 0] }
    }

    var pendingClaims: [String] { all(PartyClaim.self).filter(isPending).map(\.key).sorted() }

    func claim(of party: PartyID) -> PartyClaim? {
        let claims = claims(of: party)
        let registered = claims.filter { !isPending($0) }
        return (registered.isEmpty ? claims : registered).min { ($0.since, $0.platform) < ($1.since, $1.platform) }
    }

    func platform(of party: PartyID) -> Platform? {
        claim(of: party).flatMap { isPending($0) ? nil : platform(id: $0.platform) }
    }

    func endpoints(of id: String) -> [Endpoint] {
        platform(id: id)?.endpoints ?? all(PlatformEndpoints.self).first { $0.platform == id }?.endpoints ?? []
    }

    func endpointsAboveConfiguration(of id: String) -> Set<String> {
        let inner: [ModuleID] = [.credentials, .versions, .hubclientinfo]
        let places = endpoints(of: id).filter { inner.contains($0.module) }.map(\.url) + [platform(id: id)?.versionsURL].compactMap { $0 }
        let others = endpoints(of: id).filter { !inner.contains($0.module) }.map(\.url)
        return Set(others.filter { other in places.contains { URLJoin.depth(of: $0, below: other) != nil } })
    }

    func outboundToken(of id: String) -> Token? { platform(id: id)?.outboundToken.flatMap(secrets.open) }

    var unreadableTokens: [String] {
        platforms.filter { $0.outboundToken != nil && outboundToken(of: $0.id) == nil }.map(\.id)
    }

    func reachability(of id: String) -> PlatformReachability? { all(PlatformReachability.self).first { $0.platform == id } }

    func origins(of id: String) -> [String] { all(PlatformOrigins.self).first { $0.platform == id }?.origins ?? [] }

    func ruleEntries(of id: String, _ list: OCNRules.List) -> [OCNRules.Entry] {
        all(OCNRulesEntry.self).filter { $0.platform == id && $0.list == list }.map(\.entry).sorted { $0.party < $1.party }
    }

    func rules(of id: String) -> OCNRules {
        guard let settings = all(OCNRulesSettings.self).first(where: { $0.platform == id }) else { return OCNRules() }
        return OCNRules(
            signatures: settings.signatures, active: settings.active, entries: settings.active.map { ruleEntries(of: id, $0) } ?? [])
    }

    func refusal(of sender: PartyID, to receiver: PartyID, _ module: ModuleID) -> String? {
        platform(of: receiver).flatMap { rules(of: $0.id).refusal(of: sender, to: module) }
    }

    var orphanedKeys: [String] {
        facts.filter { $0.value.content.subject.map { platform(id: $0) == nil } ?? false }.keys.sorted()
    }

    func forgettable(by latest: Timestamp) -> [String] {
        removals.filter { removal in
            removal.time <= latest && !facts.values.contains { $0.content.subject == removal.platform }
        }.map(\.platform).sorted()
    }

    // MARK: Network

    var nodes: [NetworkNode] { all(NetworkNode.self).sorted { $0.operatorAddress < $1.operatorAddress } }
    var parties: [NetworkParty] { all(NetworkParty.self).sorted { $0.party < $1.party } }
    var services: [NetworkService] { all(NetworkService.self).sorted { $0.provider < $1.provider } }
    var agreements: [Agreement] { all(Agreement.self).sorted { ($0.user, $0.provider) < ($1.user, $1.provider) } }
    var told: [ClientInfo] { all(ToldClientInfo.self).map(\.info).sorted { ($0.party, $0.role) < ($1.party, $1.role) } }
    var announced: [ClientInfo] { all(AnnouncedClientInfo.self).map(\.info).sorted { ($0.party, $0.role) < ($1.party, $1.role) } }

    func node(of party: PartyID) -> NetworkNode? {
        parties.first { $0.party == party }.flatMap { listed in nodes.first { $0.operatorAddress == listed.operatorAddress } }
    }

    func services(agreedBy user: PartyID) -> [NetworkService] {
        services.filter { service in agreements.contains { $0.user == user && $0.provider == service.provider } }
    }

    func listsParty(in role: String) -> Bool { parties.contains { $0.roles.contains(role) && platform(of: $0.party) == nil } }

    // MARK: Operations

    var orders: [OutboxOrder] { all(OutboxOrder.self).sorted { $0.recipient < $1.recipient } }
    var storeRules: [StoreRule] { all(StoreRule.self).sorted() }
    var processes: [ProcessReport] { all(ProcessReport.self).sorted { $0.instance < $1.instance } }

    func rewindDone(of recipient: PartyID, partition: Int32) -> String? {
        all(RewindDone.self).first { $0.recipient == recipient && $0.partition == partition }?.rewindID
    }

    func breakers(of recipient: PartyID) -> [BreakerReport] {
        all(BreakerReport.self).filter { $0.recipient == recipient }.sorted { $0.worker < $1.worker }
    }
}
