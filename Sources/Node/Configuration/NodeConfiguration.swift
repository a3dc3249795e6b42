import Delivery
package import Directory
import Glibc
package import Kafka
package import Notary
package import OCPI
package import Topics

/// The complete configuration of a node, from flags, `OCN_…` environment variables and a YAML file; earlier sources take precedence.
/// ``Settings`` declares every key.
package struct NodeConfiguration: Sendable {
    /// The URL by which parties and other nodes reach this node, without a trailing slash.
    package var publicURL: String
    /// A name of this process.
    package var instance: String
    var roles: Set<NodeRole>
    var hub: PartyID
    var hubName: String
    /// The operator's private key.
    package var key: SigningKey
    /// What tokens in Kafka and hub URLs are encrypted with.
    package var secrets: NodeSecrets
    /// The key of the admin API.
    package var adminKey: Token
    var publicHost: String
    var publicPort: Int
    /// Maximum number of connections of parties and nodes; nil for the default of ``ConnectionPlan``.
    var publicConnections: Int?
    var publicConnectionsPerAddress: Int?
    /// Networks of the proxies whose X-Forwarded-For is trusted.
    var trustedProxies: [String]
    var privateHost: String
    /// Port of the private listener (probes, metrics, admin API); 0 takes a free one.
    package var privatePort: Int
    /// Maximum number of connections of operators.
    var privateConnections: Int?
    /// Maximum number of these from one address.
    var privateConnectionsPerAddress: Int?
    var allowNetworks: [String]
    var requestTimeout: Duration
    /// How to reach Kafka.
    package var kafka: KafkaSettings
    /// The names of the node's topics.
    package var topics: TopicNames
    /// How topics are made that are missing.
    package var topicSettings: TopicSettings
    var staticInstance: String?
    var replyPartition: Int32?
    /// The file that holds the registry; nil if it lives in `ocn.state`.
    package var registryFile: String?
    var recipientConcurrency: Int
    var pushConcurrency: Int
    var backoffBase: Duration
    var backoffCap: Duration
    /// Maximum number of expired copies that become dead letters per second.
    var expiredPerSecond: Int
    var breaker: BreakerSettings
    /// Maximum duration of a graceful shutdown.
    package var shutdownGrace: Duration
    /// Whether every request must be signed by its sender.
    var signatures: Bool
    /// How long a replaced token is still accepted.
    var tokenOverlap: Duration
    /// Whether lists of all parties omit parties that fail to answer.
    var partialLists: Bool
    /// Maximum number of hub URLs stored for one party.
    var linksPerParty: Int
    /// Maximum number of objects per page of a list that the hub combines.
    var listLimit: Int
    /// A platform without requests for this long is checked; nil for never.
    var stillAliveInterval: Duration?

    /// Reads a configuration file; the environment and `flags` take precedence.
    /// - Parameters:
    ///   - path: YAML file; nil for none.
    ///   - flags: the flags of the command line.
    package static func load(path: String?, flags: SettingSource = SettingSource()) throws -> NodeConfiguration {
        try NodeConfiguration([flags, .environment] + (path.map { [try SettingSource.file($0)] } ?? []))
    }

    /// Values from the command line; nil leaves a setting to the other sources.
    package static func flags(
        roles: String? = nil, bootstrap: String? = nil, port: String? = nil, privatePort: String? = nil
    ) -> SettingSource {
        .flags([
            ("--roles", "node.roles", roles), ("--bootstrap", "kafka.bootstrap", bootstrap),
            ("--port", "http.public.port", port), ("--private-port", "http.private.port", privatePort),
        ])
    }

    /// - Parameter sources: earlier ones take precedence.
    /// - Throws: all problems at once.
    package init(_ sources: [SettingSource]) throws(ConfigurationError) {
        let values = SettingValues(sources)
        let problems = try NodeConfiguration.problems(of: values)
        guard problems.isEmpty else { throw ConfigurationError(problems) }

        publicURL = try values(\.url)
        roles = try values(\.roles)
        staticInstance = try values(\.instance)
        // In containers the process id is always 1, so a random number is added.
        instance = staticInstance ?? "ocn-\(getpid())-\(String(UInt32.random(in: 0...0xFFFF), radix: 16))"
        hub = try values(\.hub)
        hubName = try values(\.name)
        key = try values(\.key)
        secrets = NodeSecrets(
            current: Array(try values(\.secret).utf8), previous: try values(\.previousSecrets).map { Array($0.utf8) })
        adminKey = try values(\.adminKey)
        publicHost = try values(\.publicHost)
        publicPort = try values(\.publicPort)
        publicConnections = try values(\.publicConnections)
        publicConnectionsPerAddress = try values(\.publicConnectionsPerAddress)
        trustedProxies = try values(\.trustedProxies)
        privateHost = try values(\.privateHost)
        privatePort = try values(\.privatePort)
        privateConnections = try values(\.privateConnections)
        privateConnectionsPerAddress = try values(\.privateConnectionsPerAddress)
        allowNetworks = try values(\.allowNetworks)
        requestTimeout = try values(\.requestTimeout)
        kafka = KafkaSettings(bootstrap: try values(\.bootstrap), clientID: instance, properties: try values(\.properties))
        topics = TopicNames(prefix: try values(\.prefix))
        topicSettings = TopicSettings(
            requestPartitions: try values(\.requestPartitions), replyPartitions: try values(\.replyPartitions),
            outboxPartitions: try values(\.outboxPartitions), replication: try values(\.replication),
            copyHorizonSeconds: Int(try values(\.horizon).components.seconds))
        replyPartition = try values(\.replyPartition).map { Int32($0) }
        registryFile = try values(\.registryFile)
        recipientConcurrency = try values(\.recipientConcurrency)
        pushConcurrency = try values(\.pushConcurrency)
        backoffBase = try values(\.backoffBase)
        backoffCap = try values(\.backoffCap)
        expiredPerSecond = try values(\.expiredPerSecond)
        breaker = BreakerSettings(
            window: try values(\.breakerWindow), minimumCalls: try values(\.breakerMinimumCalls),
            opensAtPercent: try values(\.breakerPercent), pauseBase: try values(\.breakerPause),
            pauseCap: try values(\.breakerLongestPause))
        signatures = try values(\.signatures)
        tokenOverlap = try values(\.tokenOverlap)
        partialLists = try values(\.partialLists)
        linksPerParty = try values(\.linksPerParty)
        listLimit = try values(\.listLimit)
        let stillAlive = try values(\.stillAlive)
        stillAliveInterval = stillAlive > .zero ? stillAlive : nil
        // Open requests may use their whole timeout, then every role drains.
        shutdownGrace = try values(\.shutdownGrace) ?? requestTimeout + .seconds(20)
    }

    /// All problems.
    /// - Parameter isWhole: whether these are all sources, so that required settings must be given.
    static func problems(of values: SettingValues, isWhole: Bool = true) throws(ConfigurationError) -> [ConfigurationProblem] {
        let problems = values.problems + (isWhole ? values.missing : [])
        return values.problems.isEmpty ? problems + (try Contradictions(values, isWhole: isWhole).problems) : problems
    }
}
