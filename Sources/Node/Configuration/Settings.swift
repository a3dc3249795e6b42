import Directory
import OCPI
import Topics

/// Every setting of a node, declared once. Reader, `ocn config`, `ocn node --help`, Configuration.md and the test of `Config/node.yaml`
/// follow from this table. A new setting is a line here, a property of ``NodeConfiguration`` and a mention in `Config/node.yaml`.
struct Settings: Sendable {
    // MARK: node

    let url = Setting(
        "node.url", .url, "The URL by which parties and other nodes reach this node. It stands in every URL that the node hands out.")
    let hub = Setting("node.hub", .party, default: "CH-OCN", "The hub's own party, as it registers with parties.")
    let name = Setting("node.name", .text, default: "Open Charging Network Node", "The hub's name, as it registers with parties.")
    let roles = Setting(
        "node.roles", .roles, default: .list(NodeRole.allCases.map(\.rawValue)), "Roles of this process. Flag: --roles.")
    let instance = Setting(
        "node.instance", .text, ifLeftOut: "a name of its own at each start",
        "A name that stays the same over restarts, e.g. a StatefulSet ordinal. Then MATCHER and PUSH keep their partitions over a short restart."
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
        "How long a stop may take: open requests are answered, copies under way are finished.")
    let signatures = Setting(
        "node.signatures", .bool, default: false,
        "Whether every request must carry its sender's OCN-Signature. If not, signatures that come are verified all the same, and a party can "
            + "ask for them with its OcnRules.")
    let tokenOverlap = Setting(
        "node.token_overlap_seconds", .seconds(0...86_400), default: 0,
        "How long a token that was replaced is still accepted. OCPI wants it refused at once; some seconds help if a party's processes learn "
            + "their new token one after the other.")

    // MARK: hub

    let stillAlive = Setting(
        "hub.still_alive_seconds", .seconds(0...86_400), default: 300,
        "A platform that was silent for this long is asked for its versions; without an answer its parties are OFFLINE and not called until "
            + "they are heard of again. 0 never asks.")
    let listLimit = Setting(
        "hub.list_limit", .whole(1...100_000), default: 1000,
        "Most objects on a page of a list that the node makes itself: hubclientinfo, and lists of all parties.")
    let partialLists = Setting(
        "hub.partial_lists", .bool, default: false,
        "A list of all parties fails if one of them cannot be asked. With true it is left out; what is missing then no longer means gone.")
    let linksPerParty = Setting(
        "hub.links_per_party", .whole(1...1_000_000), default: "\(Capabilities.maxLinksPerParty)",
        "Most URLs of each kind that the node stores for the requests of one party: for a response_url (a day), a next page (two hours), or a CDR "
            + "(400 days), that is too long to be sealed in one of its own, or in the hands of another node; each 512 bytes of it count as "
            + "one. Beyond it such requests are refused until some expire.")

    // MARK: http

    let publicHost = Setting(
        "http.public.host", .text, default: "0.0.0.0", "Where to listen for parties and nodes. Put TLS in front of it.")
    let publicPort = Setting("http.public.port", .port, default: 8080, "Port for parties and nodes; 0 for any free one. Flag: --port.")
    let publicConnections = Setting(
        "http.public.connections", .whole(1...1_000_000), ifLeftOut: "what the limit of open files leaves, at most \(ConnectionPlan.most)",
        "Most open connections of parties and nodes; further ones wait until one closes.")
    let publicConnectionsPerAddress = Setting(
        "http.public.connections_per_address", .whole(1...1_000_000), ifLeftOut: "half of http.public.connections",
        "Most of them from one address (of IPv6 its /64); further ones are closed. A proxy is one address, unless "
            + "http.public.trusted_proxies lists it.")
    let trustedProxies = Setting(
        "http.public.trusted_proxies", .list(of: "networks like 10.0.0.0/8 or fd00::/8", .network), default: [],
        "Proxies in front of the public port. From these the client is the last address in X-Forwarded-For that is not one of theirs, so "
            + "limits for each address count for the proxies' clients; from others the header is ignored.")
    let privateHost = Setting(
        "http.private.host", .text, default: "127.0.0.1",
        "Where to listen for metrics (/metrics), probes (/health, /ready) and the admin API (/admin). Keep it private.")
    let privatePort = Setting(
        "http.private.port", .port, default: 8081,
        "Port for metrics, probes and the admin API; 0 for any free one. Flag: --private-port.")
    let privateConnections = Setting(
        "http.private.connections", .whole(4...100_000), ifLeftOut: "an eighth of the limit of open files, at most 1000",
        "Most open connections to it. They are set aside: parties and nodes cannot take them.")
    let privateConnectionsPerAddress = Setting(
        "http.private.connections_per_address", .whole(1...100_000), ifLeftOut: "half of http.private.connections, at least 8 of them",
        "Most of them from one address (of IPv6 its /64); further ones are closed. Probes, Prometheus and `ocn` need one or two each; behind a "
            + "proxy they are one address.")
    let allowNetworks = Setting(
        "http.allow_networks", .list(of: "networks like 10.0.0.0/8 or fd00::/8", .network), default: [],
        "The node calls URLs that parties register. Loopback, private and link-local addresses are refused unless they are listed here.")
    let requestTimeout = Setting(
        "http.request_timeout_seconds", .seconds(1...600), default: 30, "How long a caller waits for the recipient's answer.")

    // MARK: kafka

    let bootstrap = Setting(
        "kafka.bootstrap", .brokers,
        "Kafka's brokers to start from; `ocn broker` prints this for the in-memory Kafka. Flag: --bootstrap.")
    let prefix = Setting(
        "kafka.prefix", .topicPrefix, default: "ocn.",
        "What the names of topics and consumer groups begin with: ocn.requests, ocn.outbox.DE-BIL.")
    let properties = Setting(
        "kafka.properties", .kafkaProperties, default: [], secret: true,
        "Properties of librdkafka, e.g. security.protocol=SASL_SSL; not those that guard what was accepted, such as acks. In the environment "
            + "commas separate them, so one whose value holds a comma needs the file.")
    let replication = Setting(
        "kafka.replication", .whole(1...100), default: "\(TopicSettings().replication)",
        "Replicas of the topics that the node creates. 3 in production: a request is accepted only when two replicas have it.")
    let requestPartitions = Setting(
        "kafka.request_partitions", .whole(1...10_000), default: "\(TopicSettings().requestPartitions)",
        "The most EXCHANGE and MATCHER workers; cannot be lowered later.")
    let replyPartitions = Setting(
        "kafka.reply_partitions", .whole(1...10_000), default: "\(TopicSettings().replyPartitions)",
        "At least twice the number of INGRESS processes.")
    let outboxPartitions = Setting(
        "kafka.outbox_partitions", .whole(1...10_000), default: "\(TopicSettings().outboxPartitions)", "The most PUSH workers per service.")
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
        "Most calls to one recipient at a time, and never more than a quarter of all; further ones wait as long as their deadline allows.")
    let pushConcurrency = Setting("push.recipient_concurrency", .whole(1...10_000), default: 32, "Most calls to one service at a time.")
    let backoffBase = Setting(
        "push.backoff_base_ms", .milliseconds(1...3_600_000), default: 500,
        "A copy that was not taken is sent again after this, doubling up to push.backoff_cap_ms, with 20 % jitter.")
    let backoffCap = Setting(
        "push.backoff_cap_ms", .milliseconds(1...86_400_000), default: 60_000, "The longest pause before a copy is sent again.")
    let horizon = Setting(
        "push.horizon_hours", .hours(1...8760), default: "\(TopicSettings().copyHorizonSeconds / 3600)",
        "A copy that could not be delivered for this long becomes a dead letter.")
    let expiredPerSecond = Setting(
        "push.expired_per_second", .whole(1...1_000_000), default: 100,
        "After an outage longer than push.horizon_hours, at most so many copies a second become dead letters: a trickle, not a flood.")

    // MARK: breaker

    let breakerWindow = Setting(
        "breaker.window_seconds", .seconds(1...3600), default: 30,
        "A recipient is left alone when breaker.failures_percent of the calls to it within this time fail.")
    let breakerMinimumCalls = Setting("breaker.minimum_calls", .whole(1...1_000_000), default: 20, "With fewer calls nothing is concluded.")
    let breakerPercent = Setting("breaker.failures_percent", .whole(1...100), default: 50, "The part of calls that must fail.")
    let breakerPause = Setting(
        "breaker.pause_seconds", .seconds(1...3600), default: 5,
        "How long a recipient is left alone; then a few calls find out whether it is back, and while it is not, the pause doubles.")
    let breakerLongestPause = Setting("breaker.longest_pause_seconds", .seconds(1...86_400), default: 60, "The pause doubles up to this.")

    // MARK: What follows

    static let table = Settings()

    /// All settings, in the order of their declaration. Reflection finds them, so that none can be left out.
    static let all: [any SettingDeclaration] = Mirror(reflecting: table).children.compactMap { $0.value as? any SettingDeclaration }

    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    static let byVariable = Dictionary(uniqueKeysWithValues: all.map { ($0.variable, $0) })

    /// `node`, `http`, `http.public`: what settings stand below.
    static let sections: Set<String> = Set(
        all.flatMap { setting in setting.key.indices.filter { setting.key[$0] == "." }.map { String(setting.key[..<$0]) } })

    /// What the names of all environment variables of this program begin with.
    static let variablePrefix = "OCN_"
}
