import Configuration
import Delivery
import Directory
import Glibc
import Kafka
import Notary
import OCPI
import SystemPackage
import Topics

/// The roles of a node.
enum Role: String, CaseIterable, Sendable {
    case ingress, matcher, exchange, push, control
}

/// A configuration that cannot work; says which key and what to write.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String
}

/// Everything an operator decides about a node. Read from a YAML file, then `OCN_…` environment variables, then flags; later ones win.
/// `Config/node.yaml` explains every key.
struct NodeConfiguration: Sendable {
    var publicURL: String
    var instance: String
    var roles: Set<Role>
    var hub: PartyID
    var hubName: String
    var key: SigningKey
    var secrets: NodeSecrets
    var adminKey: Token
    var publicHost: String
    var publicPort: Int
    var privateHost: String
    var privatePort: Int
    var allowNetworks: [String]
    var requestTimeout: Duration
    var kafka: KafkaSettings
    var topics: TopicNames
    var topicSettings: TopicSettings
    var staticInstance: String?
    var replyPartition: Int32?
    var registryFile: String?
    var recipientConcurrency: Int
    var pushConcurrency: Int
    var backoffBase: Duration
    var backoffCap: Duration
    /// Copies past their horizon that become dead letters per second.
    var expiredPerSecond: Int
    var breaker: BreakerSettings
    var shutdownGrace: Duration
    /// Every request must be signed by its sender.
    var signatures: Bool
    /// How long a replaced token is still accepted.
    var tokenOverlap: Duration
    /// Lists of all parties leave out who cannot be asked.
    var partialLists: Bool
    /// Most objects on a page of a list that the hub itself makes.
    var listLimit: Int
    /// A platform that was silent for this long is asked whether it is alive; nil for never.
    var stillAliveInterval: Duration?

    /// Reads a configuration file under the environment and `flags`.
    /// - Parameters:
    ///   - path: YAML file; nil for none.
    ///   - flags: values given on the command line, by configuration key.
    static func load(path: String?, flags: [AbsoluteConfigKey: ConfigValue] = [:]) async throws -> NodeConfiguration {
        try NodeConfiguration(await reader(path: path, flags: flags))
    }

    /// The merged sources: flags, environment, file.
    static func reader(path: String?, flags: [AbsoluteConfigKey: ConfigValue]) async throws -> ConfigReader {
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: flags), EnvironmentVariablesProvider().prefixKeys(with: "ocn"),
        ]
        if let path {
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(path)))
            } catch {
                throw ConfigurationError(description: "cannot read the configuration file \(path): \(error)")
            }
        }
        return ConfigReader(providers: providers)
    }

    /// Values from the command line; nil leaves a key to the other sources.
    static func flags(
        roles: String? = nil, bootstrap: String? = nil, port: Int? = nil, privatePort: Int? = nil
    ) -> [AbsoluteConfigKey: ConfigValue] {
        var flags: [AbsoluteConfigKey: ConfigValue] = [:]
        if let roles {
            flags[["node", "roles"]] = ConfigValue(.stringArray(roles.split(separator: ",").map(String.init)), isSecret: false)
        }
        if let bootstrap { flags[["kafka", "bootstrap"]] = ConfigValue(.string(bootstrap), isSecret: false) }
        if let port { flags[["http", "public", "port"]] = ConfigValue(.int(port), isSecret: false) }
        if let privatePort { flags[["http", "private", "port"]] = ConfigValue(.int(privatePort), isSecret: false) }
        return flags
    }

    init(_ config: ConfigReader) throws {
        publicURL = try config.required("node.url", hint: "the URL by which parties reach this node, e.g. https://ocn.example.com")
        guard URLJoin.origin(of: publicURL) != nil else {
            throw ConfigurationError(description: "node.url must be an http or https URL, not '\(publicURL)'")
        }
        while publicURL.hasSuffix("/") { publicURL.removeLast() }
        roles = try NodeConfiguration.roles(config.stringArray(forKey: "node.roles", default: Role.allCases.map(\.rawValue)))
        staticInstance = config.string(forKey: "node.instance")
        // Containers all have process 1.
        instance = staticInstance ?? "ocn-\(getpid())-\(String(UInt32.random(in: 0...0xFFFF), radix: 16))"
        let hubText = config.string(forKey: "node.hub", default: "CH-OCN")
        guard let hub = PartyID(hubText) else { throw ConfigurationError(description: "node.hub must be like CH-OCN, not '\(hubText)'") }
        self.hub = hub
        hubName = config.string(forKey: "node.name", default: "Open Charging Network Node")

        guard let key = SigningKey(hex: try config.required("node.key", hint: "the operator's private key, 64 hex digits", secret: true))
        else {
            throw ConfigurationError(description: "node.key must be a secp256k1 private key: 64 hex digits")
        }
        self.key = key
        let secret = try config.required(
            "node.secret", hint: "at least 16 characters, the same for all processes of this node", secret: true)
        let previous = config.stringArray(forKey: "node.previous_secrets", isSecret: true, default: [])
        guard let secrets = NodeSecrets(text: secret, previous: previous) else {
            throw ConfigurationError(description: "node.secret must have at least 16 characters")
        }
        self.secrets = secrets
        let adminKey = try config.required("node.admin_key", hint: "the key of the admin API, at least 16 characters", secret: true)
        guard adminKey.utf8.count >= 16, adminKey.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ConfigurationError(description: "node.admin_key must have at least 16 characters, printable ASCII without blanks")
        }
        self.adminKey = Token(adminKey)

        publicHost = config.string(forKey: "http.public.host", default: "0.0.0.0")
        publicPort = try config.whole("http.public.port", default: 8080, in: 0...65_535)
        privateHost = config.string(forKey: "http.private.host", default: "127.0.0.1")
        privatePort = try config.whole("http.private.port", default: 8081, in: 0...65_535)
        allowNetworks = config.stringArray(forKey: "http.allow_networks", default: [])
        let requestSeconds = try config.whole("http.request_timeout_seconds", default: 30, in: 1...600)
        requestTimeout = .seconds(requestSeconds)

        kafka = KafkaSettings(
            bootstrap: try config.required("kafka.bootstrap", hint: "Kafka's host:port, or what `ocn broker` printed"),
            clientID: instance,
            properties: try NodeConfiguration.properties(config.stringArray(forKey: "kafka.properties", isSecret: true, default: [])))
        topics = TopicNames(prefix: config.string(forKey: "kafka.prefix", default: "ocn."))
        let defaults = TopicSettings()
        topicSettings = TopicSettings(
            requestPartitions: try config.whole("kafka.request_partitions", default: defaults.requestPartitions, in: 1...10_000),
            replyPartitions: try config.whole("kafka.reply_partitions", default: defaults.replyPartitions, in: 1...10_000),
            outboxPartitions: try config.whole("kafka.outbox_partitions", default: defaults.outboxPartitions, in: 1...10_000),
            replication: try config.whole("kafka.replication", default: defaults.replication, in: 1...100),
            copyHorizonSeconds: try config.whole("push.horizon_hours", default: defaults.copyHorizonSeconds / 3600, in: 1...8760) * 3600)
        replyPartition = try config.int(forKey: "kafka.reply_partition").map { partition in
            guard let partition = Int32(exactly: partition), partition >= 0 else {
                throw ConfigurationError(description: "kafka.reply_partition must not be negative")
            }
            return partition
        }

        switch config.string(forKey: "registry.source", default: "state") {
        case "state": registryFile = nil
        case "file":
            registryFile = try config.required("registry.file", hint: "the YAML file that lists nodes, parties, services, agreements")
        case let other: throw ConfigurationError(description: "registry.source must be state or file, not '\(other)'")
        }
        recipientConcurrency = try config.whole("exchange.recipient_concurrency", default: 64, in: 1...100_000)
        pushConcurrency = try config.whole("push.recipient_concurrency", default: 32, in: 1...10_000)
        backoffBase = .milliseconds(try config.whole("push.backoff_base_ms", default: 500, in: 1...3_600_000))
        backoffCap = .milliseconds(try config.whole("push.backoff_cap_ms", default: 60_000, in: 1...86_400_000))
        expiredPerSecond = try config.whole("push.expired_per_second", default: 100, in: 1...1_000_000)
        breaker = BreakerSettings(
            window: .seconds(try config.whole("breaker.window_seconds", default: 30, in: 1...3600)),
            minimumCalls: try config.whole("breaker.minimum_calls", default: 20, in: 1...1_000_000),
            opensAtPercent: try config.whole("breaker.failures_percent", default: 50, in: 1...100),
            pauseBase: .seconds(try config.whole("breaker.pause_seconds", default: 5, in: 1...3600)),
            pauseCap: .seconds(try config.whole("breaker.longest_pause_seconds", default: 60, in: 1...86_400)))
        signatures = config.bool(forKey: "node.signatures", default: false)
        tokenOverlap = .seconds(try config.whole("node.token_overlap_seconds", default: 0, in: 0...86_400))
        partialLists = config.bool(forKey: "hub.partial_lists", default: false)
        listLimit = try config.whole("hub.list_limit", default: 1000, in: 1...100_000)
        let stillAlive = try config.whole("hub.still_alive_seconds", default: 300, in: 0...86_400)
        stillAliveInterval = stillAlive > 0 ? .seconds(stillAlive) : nil
        // Open requests may take their whole time-out, then every role drains.
        let usual = requestSeconds + 20
        shutdownGrace = .seconds(try config.whole("node.shutdown_seconds", default: usual, in: 1...1200))
    }

    /// Reads role names; says which there are.
    static func roles(_ names: [String]) throws -> Set<Role> {
        let roles = try names.map { name in
            guard let role = Role(rawValue: name.trimmed.lowercased()) else {
                let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError(description: "there is no role '\(name)'; roles are \(known)")
            }
            return role
        }
        guard !roles.isEmpty else { throw ConfigurationError(description: "a node needs at least one role") }
        return Set(roles)
    }

    /// Reads librdkafka properties written as `name=value`.
    static func properties(_ lines: [String]) throws -> [String: String] {
        var properties: [String: String] = [:]
        for (number, line) in lines.enumerated() {
            guard let sign = line.firstIndex(of: "="), sign != line.startIndex else {
                throw ConfigurationError(description: "kafka.properties: entry \(number + 1) is not written as name=value")
            }
            properties[String(line[..<sign]).trimmed] = String(line[line.index(after: sign)...]).trimmed
        }
        return properties
    }
}

extension ConfigReader {
    fileprivate func required(_ key: ConfigKey, hint: String, secret: Bool = false) throws -> String {
        guard let value = string(forKey: key, isSecret: secret), !value.isEmpty else {
            let name = key.description
            let variable = "OCN_" + name.map { $0 == "." ? "_" : String($0).uppercased() }.joined()
            throw ConfigurationError(description: "\(name) is missing: \(hint). Set it in the configuration file or as \(variable).")
        }
        return value
    }

    fileprivate func whole(_ key: ConfigKey, default value: Int, in range: ClosedRange<Int>) throws -> Int {
        let value = int(forKey: key, default: value)
        guard range.contains(value) else {
            throw ConfigurationError(description: "\(key) must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
        }
        return value
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
