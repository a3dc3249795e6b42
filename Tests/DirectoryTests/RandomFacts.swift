import Encoding
import OCPI
import Testbed

@testable import Directory

/// Facts about so few platforms, parties and so on that they often replace and concern each other.
struct RandomFacts {
    static let platforms = ["p0", "p1", "p2"]
    static let parties = ["DE-AAA", "DE-BBB", "NL-AAA", "FR-CCC"].compactMap { PartyID($0) }
    static let operators = ["0xa", "0xb"]
    static let roles = ["CPO", "EMSP"]
    static let workers = ["w0", "w1"]
    static let modules: [ModuleID] = [.locations, .tokens, .tariffs]
    static let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
    private static let otherSecrets = NodeSecrets(current: Array("a secret of another node".utf8))

    static func tokens(of platform: String) -> [Token] { (0..<4).map { Token("\(platform)-\($0)") } }

    static func time(_ number: Int) -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + Int64(number)) }

    var numbers: SeededNumbers
    /// What was written before, to be written again.
    private var earlier: [Fact] = []

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    /// What comes next in the log.
    mutating func change() -> FactChange {
        if let known = earlier.isEmpty ? nil : numbers.pick(earlier) {
            if numbers.chance(20) { return .delete(key: known.key) }
            if numbers.chance(15) { return .put(known) }
        }
        let fact = next()
        earlier.append(fact)
        return .put(fact)
    }

    private mutating func platform() -> String { numbers.pick(Self.platforms) }
    private mutating func time() -> Timestamp { Self.time(numbers.below(10)) }

    /// In any spelling: it is the same party.
    private mutating func party() -> PartyID {
        let party = numbers.pick(Self.parties)
        return numbers.chance(30) ? PartyID(party.description.lowercased()) ?? party : party
    }

    private mutating func info() -> ClientInfo {
        ClientInfo(
            party: party(), role: numbers.pick(Self.roles), status: numbers.pick(PlatformStatus.allCases), lastUpdated: time())
    }

    private mutating func endpoints(_ platform: String) -> [Endpoint] {
        let places = ["https://h/\(platform)", "https://h/\(platform)/credentials", "https://h/\(platform)/locations"]
        return (0..<numbers.below(4)).map { _ in
            Endpoint(
                module: numbers.pick([.credentials, .locations, .tokens, .versions]), interface: numbers.pick([.sender, .receiver]),
                url: numbers.pick(places))
        }
    }

    private mutating func credentials() -> Fact {
        let id = platform()
        let hashes = Self.tokens(of: id).map(TokenHash.of)
        var platform = Platform(id: id, revision: Int64(numbers.below(5)))
        if numbers.chance(40) { platform.tokenAHash = hashes[0] }
        if numbers.chance(30) { platform.tokenAExpires = time() }
        if numbers.chance(70) { platform.tokenCHashes = [numbers.pick([hashes[1], hashes[2]])] }
        if numbers.chance(40) { platform.retiringTokens = [RetiringToken(hash: hashes[3], until: time())] }
        if numbers.chance(70) {
            let secrets = numbers.chance(80) ? Self.secrets : Self.otherSecrets
            platform.outboundToken = secrets.seal(Token("to \(id) \(numbers.below(3))"))
        }
        if numbers.chance(50) { platform.versionsURL = "https://h/\(id)/versions" }
        if numbers.chance(50) { platform.endpoints = endpoints(id) }
        for _ in 0..<numbers.below(3) { platform.roles.append(PlatformRole(role: numbers.pick(Self.roles), party: party())) }
        return .platform(platform)
    }

    private mutating func next() -> Fact {
        switch numbers.below(24) {
        case 0, 1, 2: credentials()
        case 3: .gone(platform: platform(), time())
        case 4: aboutEndpoints()
        case 5: .status(platform: platform(), numbers.pick(PlatformStatus.allCases), time())
        case 6, 7: .claim(PartyClaim(party: party(), platform: platform(), since: time()))
        case 8: .rules(platform: platform(), signatures: numbers.chance(50), active: numbers.pick([nil, .whitelist, .blacklist]))
        case 9:
            .rule(
                platform: platform(), numbers.pick(OCNRules.List.allCases),
                OCNRules.Entry(party: party(), modules: numbers.chance(50) ? [numbers.pick(Self.modules)] : []))
        case 10: .origins(platform: platform(), ["https://o\(numbers.below(3)):443"])
        case 11: .node(NetworkNode(operatorAddress: numbers.pick(Self.operators), url: "https://n\(numbers.below(3))", source: "state"))
        case 12, 13:
            .party(
                NetworkParty(
                    party: party(), roles: [numbers.pick(Self.roles)], operatorAddress: numbers.pick(Self.operators), source: "state"))
        case 14: .service(NetworkService(provider: party(), name: "s", permissions: [numbers.below(9)], source: "state"))
        case 15: .agreement(Agreement(user: party(), provider: party(), source: "s\(numbers.below(2))"))
        case 16: .clientInfo(info())
        case 17: .announced(info())
        case 18: .outbox(OutboxOrder(recipient: party(), isPaused: numbers.chance(50)))
        case 19: .outboxDone(party().canonical, partition: Int32(numbers.below(2)), rewindID: "r\(numbers.below(3))")
        case 20:
            .breaker(
                BreakerReport(
                    recipient: party(), worker: numbers.pick(Self.workers), state: numbers.pick([.open, .halfOpen]), since: time()))
        case 21: storeRule()
        case 22: .process(ProcessReport(instance: numbers.pick(Self.workers), start: "\(numbers.below(2))", seen: time()))
        default: single()
        }
    }

    private mutating func aboutEndpoints() -> Fact {
        let id = platform()
        return .endpoints(platform: id, endpoints(id))
    }

    private mutating func storeRule() -> Fact {
        let rule = try? StoreRule(recipient: party(), module: numbers.pick(Self.modules), method: .put)
        return rule.map(Fact.storeRule) ?? single()
    }

    private mutating func single() -> Fact {
        numbers.chance(50)
            ? .leader(LeaderClaim(instance: "i", claim: "\(numbers.below(3))"))
            : .identity(NodeIdentity(operatorAddress: "0x\(numbers.below(2))", secret: "s"))
    }
}
