import Encoding

/// Finds settings that are valid by themselves but contradict each other.
struct Contradictions {
    private(set) var problems: [ConfigurationProblem] = []
    private let values: SettingValues
    private let isWhole: Bool

    /// - Parameters:
    ///   - values: values that can all be parsed.
    ///   - isWhole: whether these are all sources, so that a missing setting has its default.
    init(_ values: SettingValues, isWhole: Bool) throws(ConfigurationError) {
        self.values = values
        self.isWhole = isWhole
        try registry()
        try pauses()
        try replies()
        try listeners()
        try protocols()
        try examples()
    }

    private mutating func add(_ key: String, _ text: String, at origin: SettingOrigin?) {
        problems.append(ConfigurationProblem(key: key, "\(key) \(text)", at: origin))
    }

    private mutating func registry() throws(ConfigurationError) {
        let registry = try values(\.registry)
        let file = try values(\.registryFile)
        if registry == .file, file == nil {
            add(
                "registry.file", "is missing: with registry.source: file it must name the YAML file of the registry",
                at: values.origin(\.registry))
        }
        if registry == .state, file != nil {
            add(
                "registry.file", "is set but registry.source is state: set that to file, or leave the file out",
                at: values.origin(\.registryFile))
        }
    }

    private mutating func pauses() throws(ConfigurationError) {
        if try values(\.backoffBase) > values(\.backoffCap) {
            add("push.backoff_base_ms", "must not be above push.backoff_cap_ms", at: values.origin(\.backoffBase))
        }
        if try values(\.breakerPause) > values(\.breakerLongestPause) {
            add("breaker.pause_seconds", "must not be above breaker.longest_pause_seconds", at: values.origin(\.breakerPause))
        }
    }

    private mutating func replies() throws(ConfigurationError) {
        let partitions = try values(\.replyPartitions)
        guard let partition = try values(\.replyPartition), partition >= partitions else { return }
        add(
            "kafka.reply_partition", "must be below kafka.reply_partitions, which is \(partitions): partitions are counted from 0",
            at: values.origin(\.replyPartition))
    }

    /// Only INGRESS opens the public port.
    private mutating func listeners() throws(ConfigurationError) {
        let port = try values(\.privatePort)
        guard port != 0, try values(\.publicPort) == port, try values(\.roles).contains(.ingress),
            Contradictions.overlap(try values(\.publicHost), try values(\.privateHost))
        else { return }
        add(
            "http.private.port", "must not be http.public.port, \(port), on the same host: only one of them can listen there",
            at: values.origin(\.privatePort) ?? values.origin(\.publicPort))
    }

    /// librdkafka ignores these settings silently: it neither authenticates nor encrypts unless `security.protocol` requires it, and it
    /// skips brokers that are given with another protocol.
    private mutating func protocols() throws(ConfigurationError) {
        let properties = try values(\.properties)
        let given = properties["security.protocol"]?.uppercased()
        let spoken = given ?? "PLAINTEXT"
        let isSASL = spoken.hasPrefix("SASL_")
        let isTLS = spoken.hasSuffix("SSL")
        for (kind, names, isUsed, fitting) in [
            ("SASL", properties.keys.filter { $0.hasPrefix("sasl.") }, isSASL, isTLS ? "SASL_SSL" : "SASL_SSL or SASL_PLAINTEXT"),
            ("TLS", properties.keys.filter(Contradictions.isAboutTLS), isTLS, isSASL ? "SASL_SSL" : "SSL or SASL_SSL"),
        ] where !isUsed {
            guard let name = names.min() else { continue }
            add(
                "kafka.properties",
                "set \(name), but security.protocol \(given.map { "is \($0)" } ?? "is left out, which means PLAINTEXT"): without \(kind) it does "
                    + "nothing. Set security.protocol=\(fitting), or take it out", at: values.origin(\.properties))
        }
        // A setting that the environment may supply cannot be checked.
        guard isWhole || values.origin(\.properties) != nil, values.origin(\.bootstrap) != nil else { return }
        for broker in try values(\.bootstrap).split(separator: ",") {
            guard let scheme = broker.firstRange(of: "://"), case let written = broker[..<scheme.lowerBound].uppercased(), written != spoken
            else { continue }
            add(
                "kafka.bootstrap",
                "says \(written)://, but security.protocol in kafka.properties \(given.map { "is \($0)" } ?? "is left out, which means PLAINTEXT"): "
                    + "such a broker would never be asked. Set security.protocol=\(written), or leave the protocol out here",
                at: values.origin(\.bootstrap))
            return
        }
    }

    private static func isAboutTLS(_ name: String) -> Bool { name.hasPrefix("ssl.") || name == "enable.ssl.certificate.verification" }

    /// The key and the secrets of the example configuration are public: anyone could sign as this node, decrypt its tokens and URLs, and
    /// use its admin API. They are accepted only for a node that is not reachable from other machines.
    private mutating func examples() throws(ConfigurationError) {
        guard let reach = try reach() else { return }
        if let origin = values.origin(\.key), ExampleSecrets.contains(try values(\.key)) {
            refuse("node.key", reach, ExampleSecrets.freshKey, at: origin)
        }
        if let origin = values.origin(\.secret), ExampleSecrets.contains(try values(\.secret)) {
            refuse("node.secret", reach, ExampleSecrets.freshText, at: origin)
        }
        if let number = try values(\.previousSecrets).firstIndex(where: { ExampleSecrets.contains($0) }) {
            add(
                "node.previous_secrets",
                "must not hold the example of this project's files, which everybody knows, as entry \(number + 1): \(reach). Take it out; "
                    + "platforms whose tokens are encrypted with it have to register again", at: values.origin(\.previousSecrets))
        }
        if let origin = values.origin(\.adminKey), ExampleSecrets.contains(try values(\.adminKey)) {
            refuse("node.admin_key", reach, ExampleSecrets.freshText, at: origin)
        }
    }

    private mutating func refuse(_ key: String, _ reach: String, _ fresh: String, at origin: SettingOrigin?) {
        add(
            key, "must not be the example of this project's files, which everybody knows: \(reach). Make your own with `\(fresh)`",
            at: origin)
    }

    /// The reason why other machines may reach the node, or it them; nil if there is none.
    private func reach() throws(ConfigurationError) -> String? {
        if values.origin(\.url) != nil, !Loopback.isURL(try values(\.url)) { return "node.url is not on loopback" }
        let hasPublic = try values(\.roles).contains(.ingress) && (isWhole || values.origin(\.publicHost) != nil)
        if hasPublic, !Loopback.isHost(try values(\.publicHost)) { return "http.public.host is not a loopback address" }
        if !Loopback.isHost(try values(\.privateHost)) { return "http.private.host is not a loopback address" }
        if values.origin(\.bootstrap) != nil, !Loopback.areBrokers(try values(\.bootstrap)) { return "kafka.bootstrap is not on loopback" }
        return nil
    }

    /// Whether two hosts are the same, or one of them stands for all addresses of this machine.
    private static func overlap(_ left: String, _ right: String) -> Bool {
        let hosts = [left, right].map { $0.trimmed.lowercased() }
        return hosts[0] == hosts[1] || hosts.contains("::") || (hosts.contains("0.0.0.0") && !hosts.contains { $0.contains(":") })
    }
}
