import HashTreeCollections
import OCPI

/// The platforms that are, or may become, connected here, their registration data and their parties.
struct PlatformIndex: Sendable {
    static let kinds: [any StateFact.Type] = [
        Platform.self, PlatformEndpoints.self, PlatformReachability.self, PartyClaim.self, OCNRulesSettings.self, OCNRulesEntry.self,
        PlatformOrigins.self, PlatformRemoval.self,
    ]

    private let secrets: NodeSecrets
    /// Platforms that were not removed.
    private(set) var byID: TreeDictionary<String, Platform> = [:]
    /// Records of removed platforms, until they are deleted too.
    private var withdrawn: TreeDictionary<String, Platform> = [:]
    private(set) var idsByTokenHash: TreeDictionary<String, String> = [:]
    /// The parties in the roles of each registered platform; few enough to be replaced with its record.
    private(set) var registeredParties: TreeDictionary<String, Set<PartyID>> = [:]
    private(set) var outboundTokens: TreeDictionary<String, Token> = [:]
    /// Platforms whose token cannot be decrypted here.
    private(set) var unreadableTokens: TreeSet<String> = []
    /// URLs of modules at or above a platform's credentials, versions or client info endpoint; few platforms have any.
    private(set) var endpointsAboveConfiguration: TreeDictionary<String, Set<String>> = [:]
    private var endpointRecords: TreeDictionary<String, PlatformEndpoints> = [:]
    private(set) var removals: TreeDictionary<String, PlatformRemoval> = [:]
    /// In the order in which they were written. Few parties are claimed by several platforms.
    private(set) var claimsByParty: TreeDictionary<PartyID, [PartyClaim]> = [:]
    var reachability: TreeDictionary<String, PlatformReachability> = [:]
    var origins: TreeDictionary<String, PlatformOrigins> = [:]
    var rules: TreeDictionary<String, OCNRulesSettings> = [:]
    private(set) var ruleEntries: TreeDictionary<OCNRulesEntry.ListName, TreeDictionary<PartyID, OCNRules.Entry>> = [:]

    init(secrets: NodeSecrets) {
        self.secrets = secrets
    }

    // MARK: Look-ups

    /// The registered platform that serves a party here.
    func platform(of party: PartyID) -> Platform? {
        guard let claim = claim(of: party), !isPending(claim) else { return nil }
        return byID[claim.platform]
    }

    func claim(of party: PartyID) -> PartyClaim? {
        guard let claims = claimsByParty[party] else { return nil }
        guard claims.count > 1 else { return claims.first }
        return claims.min { (isPending($0) ? 1 : 0, $0.since, $0.platform) < (isPending($1) ? 1 : 0, $1.since, $1.platform) }
    }

    /// Whether the claim's platform has not (yet) registered with that party.
    func isPending(_ claim: PartyClaim) -> Bool { registeredParties[claim.platform]?.contains(claim.party) != true }

    func endpoints(of platform: String) -> [Endpoint] { byID[platform]?.endpoints ?? endpointRecords[platform]?.endpoints ?? [] }

    // MARK: Platforms

    mutating func add(_ platform: Platform) {
        guard removals[platform.id] == nil else {
            withdrawn[platform.id] = platform
            return
        }
        connect(platform)
    }

    mutating func remove(_ platform: Platform) {
        guard withdrawn.removeValue(forKey: platform.id) == nil else { return }
        disconnect(platform)
    }

    mutating func add(_ removal: PlatformRemoval) {
        removals[removal.platform] = removal
        guard let platform = byID[removal.platform] else { return }
        disconnect(platform)
        withdrawn[platform.id] = platform
    }

    mutating func remove(_ removal: PlatformRemoval) {
        removals[removal.platform] = nil
        guard let platform = withdrawn.removeValue(forKey: removal.platform) else { return }
        connect(platform)
    }

    private mutating func connect(_ platform: Platform) {
        byID[platform.id] = platform
        if platform.isRegistered { registeredParties[platform.id] = Set(platform.roles.map(\.party)) }
        for hash in platform.tokenHashes { idsByTokenHash[hash] = platform.id }
        if let sealed = platform.outboundToken {
            if let token = secrets.open(sealed) {
                outboundTokens[platform.id] = token
            } else {
                unreadableTokens.insert(platform.id)
            }
        }
        judgeEndpoints(of: platform.id)
    }

    private mutating func disconnect(_ platform: Platform) {
        byID[platform.id] = nil
        registeredParties[platform.id] = nil
        outboundTokens[platform.id] = nil
        unreadableTokens.remove(platform.id)
        for hash in platform.tokenHashes where idsByTokenHash[hash] == platform.id { idsByTokenHash[hash] = nil }
        judgeEndpoints(of: platform.id)
    }

    // MARK: Endpoints

    /// - Parameter endpoints: nil to remove them.
    mutating func set(_ endpoints: PlatformEndpoints?, of platform: String) {
        endpointRecords[platform] = endpoints
        judgeEndpoints(of: platform)
    }

    /// Updates the endpoints that ``Directory/leadsToConfiguration(_:of:_:below:)`` must check, whenever a platform's endpoints change or
    /// it is removed.
    private mutating func judgeEndpoints(of id: String) {
        let endpoints = endpoints(of: id)
        var own = endpoints.filter { ModuleID.configuration.contains($0.module) }.map(\.url)
        if let versions = byID[id]?.versionsURL { own.append(versions) }
        let above = endpoints.filter { endpoint in
            guard !ModuleID.configuration.contains(endpoint.module) else { return false }
            let place = String(decoding: endpoint.url.utf8.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
            return own.contains { URLJoin.depth(of: $0, below: place) != nil }
        }
        endpointsAboveConfiguration[id] = above.isEmpty ? nil : Set(above.map(\.url))
    }

    // MARK: Claims and rules

    mutating func add(_ claim: PartyClaim) { claimsByParty[claim.party, default: []].append(claim) }

    mutating func remove(_ claim: PartyClaim) {
        claimsByParty[claim.party]?.removeAll { $0.platform == claim.platform }
        if claimsByParty[claim.party]?.isEmpty == true { claimsByParty[claim.party] = nil }
    }

    mutating func add(_ rule: OCNRulesEntry) { ruleEntries[rule.listName, default: [:]][rule.entry.party] = rule.entry }

    mutating func remove(_ rule: OCNRulesEntry) {
        ruleEntries[rule.listName]?[rule.entry.party] = nil
        if ruleEntries[rule.listName]?.isEmpty == true { ruleEntries[rule.listName] = nil }
    }
}

extension Platform {
    fileprivate var tokenHashes: [String] { (tokenAHash.map { [$0] } ?? []) + tokenCHashes + retiringTokens.map(\.hash) }
}

extension ModuleID {
    /// The modules that only a party's platform and this node use.
    static let configuration: Set<ModuleID> = [.credentials, .versions, .hubclientinfo]
}
