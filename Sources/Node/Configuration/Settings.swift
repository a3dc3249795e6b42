import Directory
import OCPI
import Topics

/// All settings of a node. The configuration parser, `ocn config`, `ocn node --help`, Configuration.md and the test of `Config/node.yaml`
/// use this table. A new setting needs a line here, a property of ``NodeConfiguration`` and a mention in `Config/node.yaml`.
struct Settings: Sendable {
    // MARK: node

    let url = Setting(
        "node.url", .url, "The URL by which parties and other nodes reach this node. It is the prefix of every URL that the node hands out."
    )
    let hub = Setting("node.hub", .party, default: "CH-OCN", "The hub's own party, as it registers with parties.")
    let name = Setting("node.name", .text, default: "Open Charging Network Node", "The hub's name, as it registers with parties.")
    let roles = Setting(
        "node.roles", .roles, default: .list(NodeRole.allCases.map(\.rawValue)), "Roles of this process. Flag: --roles.")
    let instance = Setting(
        "node.instance", .text, ifLeftOut: "a new name at each start",
        "A name that stays the same over restarts, e.g. a StatefulSet ordinal. With it MATCHER and PUSH keep their partitions over a short restart."
    )
    let key = Setting(
        "node.key", .signingKey, secret: true, "The operator's private key; signs messages to other nodes. Made by `openssl rand -hex 32`.")
    let secret = Setting(
        "node.secret", .longText, secret: true,
        "Encrypts tokens in Kafka and the URLs that the node hands out. The same for all processes of a node. Made by `openssl rand -base64 32`."
    )
    let previousSecrets = Setting(
        "node.previous_secrets", .list(of: "earlier secrets", .longText, entriesMayHoldCommas: true), default: [], secret: true,
        "Earlier secrets, while something sealed with them may still be in use; and the next one, before it becomes node.secret.")
    let adminKey = Setting(
        "node.admin_key", .token, secret: true, "The key of the admin API. Made by `openssl rand -base64 32`.")
    let shutdownGrace = Setting(
        "node.shutdown_seconds", .seconds(1...1200), ifLeftOut: "20 more than http.request_timeout_seconds",
        "How long a stop may take, in which open requests are answered and running copies are finished.")
    let signatures = Setting(
        "node.signatures", .bool, default: false,
        "Whether every request must carry its sender's OCN-Signature. If false, existing signatures are still verified, and a party can "
            + "require them with its OcnRules.")
    let tokenOverlap = Setting(
        "node.token_overlap_seconds", .seconds(0...86_400), default: 0,
        "How long a token that was replaced is still accepted. OCPI requires 0; some seconds help if a party's processes get "
            + "their new token one after the other.")

    // MARK: hub

    let stillAlive = Setting(
        "hub.still_alive_seconds", .seconds(0...86_400), default: 300,
        "A platform without requests for this long is checked by a GET of its versions; without an answer its parties are OFFLINE and not "
            + "called until it sends a request. 0 disables the check.")
    let listLimit = Setting(
        "hub.list_limit", .whole(1...100_000), default: 1000,
        "Maximum number of objects per page of a list that the node makes itself: hubclientinfo, and lists of all parties.")
    let partialLists = Setting(
        "hub.partial_lists", .bool, default: false,
        "Whether a list of all parties omits parties that fail to answer, instead of failing. A missing object then no longer means that it "
            + "was deleted.")
    let linksPerParty = Setting(
        "hub.links_per_party", .whole(1...1_000_000), default: "\(Capabilities.maxLinksPerParty)",
        "Maximum number of URLs of each kind that the node stores for one party's requests: a response_url (one day), a next page (two hours) or "
            + "a CDR (400 days) that is too long to be sealed in the node's own URL, or that another node received. Every 512 bytes count as "
            + "one. Beyond it such requests are refused until some expire.")

    // MARK: http

    let publicHost = Setting(
        "http.public.host", .text, default: "0.0.0.0", "Address to listen on for parties and nodes. Put TLS in front of it.")
    let publicPort = Setting("http.public.port", .port, default: 8080, "Port for parties and nodes; 0 for any free one. Flag: --port.")
    let publicConnections = Setting(
        "http.public.connections", .whole(1...1_000_000), ifLeftOut: "what the limit of open files leaves, at most \(ConnectionPlan.most)",
        "Maximum number of open connections of parties and nodes; further ones wait until one closes.")
    let publicConnectionsPerAddress = Setting(
        "http.public.connections_per_address", .whole(1...1_000_000), ifLeftOut: "half of http.public.connections",
        "Maximum number of these from one address (of IPv6 its /64); further ones are closed. A proxy is one address, unless "
            + "http.public.trusted_proxies lists it.")
    let trustedProxies = Setting(
        "http.public.trusted_proxies", .list(of: "networks like 10.0.0.0/8 or fd00::/8", .network), default: [],
        "Proxies in front of the public port. For their connections the client is the last address in X-Forwarded-For that is not a listed "
            + "proxy, so that limits per address apply to the proxies' clients; on other connections the header is ignored.")
    let privateHost = Setting(
        "http.private.host", .text, default: "127.0.0.1",
        "Address to listen on for metrics (/metrics), probes (/health, /ready) and the admin API (/admin). Keep it private.")
    let privatePort = Setting(
        "http.private.port", .port, default: 8081,
        "Port for metrics, probes and the admin API; 0 for any free one. Flag: --private-port.")
    let privateConnections = Setting(
        "http.private.connections", .whole(4...100_000), ifLeftOut: "an eighth of the limit of open files, at most 1000",
        "Maximum number of open connections to it. They are reserved: parties and nodes cannot use them.")
    let privateConnectionsPerAddress = Setting(
        "http.private.connections_per_address", .whole(1...100_000), ifLeftOut: "half of http.private.connections, at least 8 of them",
        "Maximum number of these from one address (of IPv6 its /64); further ones are closed. Probes, Prometheus and `ocn` need one or two each; "
            + "behind a proxy they are one address.")
    let allowNetworks = Setting(
        "http.allow_networks", .list(of: "networks like 10.0.0.0/8 or fd00::/8", .network), default: [],
        "The node calls URLs that parties register. Loopback, private and link-local addresses are refused unless they are listed here.")
    let requestTimeout = Setting(
        "http.request_timeout_seconds", .seconds(1...600), default: 30, "How long a caller waits for the recipient's answer.")

    // MARK: kafka

    let bootstrap = Setting(
        "kafka.bootstrap", .brokers,
        "Kafka's bootstrap brokers; `ocn broker` prints this for the in-memory Kafka. Flag: --bootstrap.")
    let prefix = Setting(
        "kafka.prefix", .topicPrefix, default: "ocn.",
        "Prefix of the names of topics and consumer groups, as in ocn.requests and ocn.outbox.DE-BIL.")
    let properties = Setting(
        "kafka.properties", .kafkaProperties, default: [], secret: true,
        "Properties of librdkafka, e.g. security.protocol=SASL_SSL; except those that the node's guarantees depend on, such as acks. In the "
            + "environment they are separated by commas, so a value with a comma needs the file.")
    let replication = Setting(
        "kafka.replication", .whole(1...100), default: "\(TopicSettings().replication)",
        "Number of replicas of the topics that the node creates. 3 in production: a request is accepted only when two replicas have it.")
    let requestPartitions = Setting(
        "kafka.request_partitions", .whole(1...10_000), default: "\(TopicSettings().requestPartitions)",
        "Maximum number of EXCHANGE and MATCHER workers; cannot be lowered later.")
    let replyPartitions = Setting(
        "kafka.reply_partitions", .whole(1...10_000), default: "\(TopicSettings().replyPartitions)",
        "At least twice the number of INGRESS processes.")
    let outboxPartitions = Setting(
        "kafka.outbox_partitions", .whole(1...10_000), default: "\(TopicSettings().outboxPartitions)",
        "Maximum number of PUSH workers per service.")
    let replyPartition = Setting(
        "kafka.reply_partition", .whole(0...9_999), ifLeftOut: "one at random", "This process's partition of ocn.replies.")

    // MARK: registry

    let registry = Setting(
        "registry.source", SettingType<RegistryKind>.choice, default: "state",
        "state: entries live in this node's Kafka and are edited with `ocn registry`. file: entries are read from a YAML file, which is watched."
    )
    let registryFile = Setting(
        "registry.file", .text, ifLeftOut: "none",
        "The YAML file that lists nodes, parties, services, agreements, for registry.source: file.")

    // MARK: exchange, push

    let recipientConcurrency = Setting(
        "exchange.recipient_concurrency", .whole(1...100_000), default: 64,
        "Maximum number of running calls per recipient, and never more than a quarter of all; further requests wait until their deadline.")
    let pushConcurrency = Setting(
        "push.recipient_concurrency", .whole(1...10_000), default: 32, "Maximum number of running calls per service.")
    let backoffBase = Setting(
        "push.backoff_base_ms", .milliseconds(1...3_600_000), default: 500,
        "Delay after a failed attempt to send a copy. It doubles up to push.backoff_cap_ms, with 20 % jitter.")
    let backoffCap = Setting(
        "push.backoff_cap_ms", .milliseconds(1...86_400_000), default: 60_000, "The longest delay before a copy is sent again.")
    let horizon = Setting(
        "push.horizon_hours", .hours(1...8760), default: "\(TopicSettings().copyHorizonSeconds / 3600)",
        "A copy that was not delivered within this time becomes a dead letter.")
    let expiredPerSecond = Setting(
        "push.expired_per_second", .whole(1...1_000_000), default: 100,
        "After an outage longer than push.horizon_hours, at most this number of copies per second become dead letters.")

    // MARK: breaker

    let breakerWindow = Setting(
        "breaker.window_seconds", .seconds(1...3600), default: 30,
        "The breaker of a recipient opens when breaker.failures_percent of the calls to it within this time fail.")
    let breakerMinimumCalls = Setting(
        "breaker.minimum_calls", .whole(1...1_000_000), default: 20, "Minimum number of calls in the window before the breaker opens.")
    let breakerPercent = Setting("breaker.failures_percent", .whole(1...100), default: 50, "Percentage of the calls that must fail.")
    let breakerPause = Setting(
        "breaker.pause_seconds", .seconds(1...3600), default: 5,
        "How long an open breaker permits no calls; then a few probes decide whether it closes. While they fail, the pause doubles.")
    let breakerLongestPause = Setting(
        "breaker.longest_pause_seconds", .seconds(1...86_400), default: 60, "The longest pause of an open breaker.")

    // MARK: All settings

    static let table = Settings()

    /// All settings, in the order of their declaration. They are found by reflection, so that none can be forgotten.
    static let all: [any SettingDeclaration] = Mirror(reflecting: table).children.compactMap { $0.value as? any SettingDeclaration }

    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    static let byVariable = Dictionary(uniqueKeysWithValues: all.map { ($0.variable, $0) })

    /// Prefixes of keys, like `node`, `http` and `http.public`.
    static let sections: Set<String> = Set(
        all.flatMap { setting in setting.key.indices.filter { setting.key[$0] == "." }.map { String(setting.key[..<$0]) } })

    /// Prefix of the names of all environment variables of this program.
    static let variablePrefix = "OCN_"
}
