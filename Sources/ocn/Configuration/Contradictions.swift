/// Settings of which each can be read and that do not go together.
struct Contradictions {
    private(set) var problems: [ConfigurationProblem] = []
    private let values: SettingValues

    /// - Parameter values: all of which can be read.
    init(_ values: SettingValues) throws(ConfigurationError) {
        self.values = values
        try registry()
        try pauses()
        try replies()
        try listeners()
    }

    private mutating func add(_ key: String, _ text: String, at origin: Origin?) {
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

    /// Whether two hosts are the same, or one stands for all addresses of this machine.
    private static func overlap(_ left: String, _ right: String) -> Bool {
        let hosts = [left, right].map { $0.trimmed.lowercased() }
        return hosts[0] == hosts[1] || hosts.contains("::") || (hosts.contains("0.0.0.0") && !hosts.contains { $0.contains(":") })
    }
}
