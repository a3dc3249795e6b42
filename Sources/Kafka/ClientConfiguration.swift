import CLibrdkafka

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The properties of one client: this module's common ones, those of the client's kind, then the operator's, which win.
struct ClientConfiguration: Sendable {
    private(set) var properties: [String: String]

    /// The client's unique id.
    var clientID: String { properties["client.id"] ?? "" }

    init(_ settings: KafkaSettings, _ ours: [String: String]) {
        var suffix = SystemRandomNumberGenerator()
        properties = [
            "bootstrap.servers": settings.bootstrap,
            "client.id": "\(settings.clientID)-\(getpid())-\(String(UInt32.random(in: .min ... .max, using: &suffix), radix: 36))",
            "socket.nagle.disable": "true",
            // Default 100 ms to 10 s: a node should reconnect soon after its broker has returned.
            "reconnect.backoff.max.ms": "2000",
            // A topic that Kafka creates by itself lacks its settings. The default of producers is to allow it.
            "allow.auto.create.topics": "false",
        ]
        properties.merge(ours) { _, new in new }
        properties.merge(settings.properties) { _, operators in operators }
    }

    /// A producer: safe order first (acknowledged by all in-sync replicas, no duplicates), then latency (no linger).
    static func producer(_ settings: KafkaSettings) -> ClientConfiguration {
        var ours = [
            "acks": "all",
            "enable.idempotence": "true",
            "linger.ms": "0",
            "partitioner": "murmur2_random",  // as Java clients do, so that all agree on a key's partition
            "message.timeout.ms": "30000",
            "queue.buffering.max.kbytes": "65536",  // a full queue is reported to the caller at once
            "message.max.bytes": String(4 * 1024 * 1024 + 64 * 1024),
            "statistics.interval.ms": "5000",
            "log.queue": "true",
        ]
        if settings.producersMakeTopics { ours["allow.auto.create.topics"] = "true" }
        return ClientConfiguration(settings, ours)
    }

    /// The properties that all consumers share.
    static func consumer(_ settings: KafkaSettings, _ additional: [String: String]) -> ClientConfiguration {
        let ours = [
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
            "auto.offset.reset": "error",  // start offsets are explicit, so a reset would be a silent loss
            "isolation.level": "read_committed",
            "fetch.error.backoff.ms": "50",
            "statistics.interval.ms": "5000",
            "log.queue": "true",
        ]
        return ClientConfiguration(settings, ours.merging(additional) { _, new in new })
    }

    /// The properties that bound how far a consumer reads ahead of its poll thread.
    ///
    /// Before librdkafka 2.2 a client whose queue is above either bound does not fetch for one second, so the queue must last longer than
    /// that at full speed. Later versions check again after `fetch.queue.backoff.ms`, so a fraction is enough.
    /// - Parameter kilobytes: the upper bound of read-ahead values and keys, in KiB.
    static func readAhead(kilobytes: Int) -> [String: String] {
        guard rd_kafka_version() < 0x0202_0000 else {
            return [
                "queued.min.messages": "10000", "queued.max.messages.kbytes": String(max(1, kilobytes / 4)), "fetch.queue.backoff.ms": "10",
            ]
        }
        return ["queued.min.messages": "100000", "queued.max.messages.kbytes": String(max(1, kilobytes))]
    }

    /// The configuration of a client for queries, or of the handle that carries an embedded cluster. No thread polls it, so it logs
    /// directly.
    static func questions(_ settings: KafkaSettings) -> ClientConfiguration {
        // A broker that has stopped answering is given up sooner than after librdkafka's minute; admin requests have their own limit.
        ClientConfiguration(settings, ["log.queue": "false", "statistics.interval.ms": "0", "socket.timeout.ms": "10000"])
    }

    /// The configuration of a client that queries committed offsets, with a group of its own that it never joins.
    ///
    /// librdkafka 2.0.2 ends the process (a null pointer) when a client without a group is redirected to another coordinator.
    static func groupQuestions(_ settings: KafkaSettings, group: String) -> ClientConfiguration {
        ClientConfiguration(
            settings,
            [
                "group.id": group, "enable.auto.commit": "false", "log.queue": "false", "statistics.interval.ms": "0",
                "socket.timeout.ms": "10000",
            ])
    }

    /// The assignment strategy that all members of a group use. Cooperative rebalancing has defects before librdkafka 2.10.
    static var assignmentStrategy: String {
        rd_kafka_version() < 0x020a_0000 ? "roundrobin" : "cooperative-sticky"
    }

    /// The configuration as a librdkafka object, which the caller must free. An error names the property, never its value.
    func make() throws(KafkaError) -> OpaquePointer {
        guard let conf = rd_kafka_conf_new() else {
            throw KafkaError("configure", RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
        }
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            let result = rd_kafka_conf_set(conf, name, value, &text, text.count)
            guard result != RD_KAFKA_CONF_OK else { continue }
            rd_kafka_conf_destroy(conf)
            throw KafkaError(
                "configure", RD_KAFKA_RESP_ERR__INVALID_ARG,
                reason: result == RD_KAFKA_CONF_UNKNOWN
                    ? "there is no property \(name)" : "property \(name): \(isSecret(name) ? "invalid value" : text.text)",
                isRetriable: false)
        }
        return conf
    }

    private func isSecret(_ name: String) -> Bool {
        ["password", "secret", "username", "key", "pem", "jaas", "token", "sasl.oauthbearer"].contains { name.contains($0) }
    }
}
