/// Properties of librdkafka that only the node may set, because its guarantees depend on them.
enum GuardedProperties {
    /// The reason why a property must not be set; nil if it may.
    static func reason(against name: String) -> String? { reasons[name] }

    private static let reasons: [String: String] = Dictionary(
        uniqueKeysWithValues: [
            (["acks", "request.required.acks"], "the node counts as accepted only what all in-sync replicas have"),
            (
                [
                    "enable.idempotence", "max.in.flight", "max.in.flight.requests.per.connection", "message.send.max.retries", "retries",
                    "transactional.id",
                ],
                "the order of records, and that each is written once, depend on it"
            ),
            (["message.timeout.ms", "delivery.timeout.ms"], "how long a record may wait depends on what it is"),
            (["partitioner"], "all who write must agree on the partition of a key"),
            (["auto.offset.reset"], "a reader that skips records must say so"),
            (
                ["enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store"],
                "an offset is committed only when all before it is finished"
            ),
            (["group.id", "group.instance.id", "partition.assignment.strategy"], "the node decides how its workers share partitions"),
            (["allow.auto.create.topics"], "the node makes its topics with the settings that they need"),
            (["bootstrap.servers", "metadata.broker.list"], "kafka.bootstrap says it"),
        ].flatMap { names, reason in names.map { ($0, reason) } })
}
