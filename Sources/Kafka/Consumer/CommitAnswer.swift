import CLibrdkafka

/// Kafka's answer to one commit request.
struct CommitAnswer {
    /// The offsets as they were sent.
    let commits: [CommitOffset]
    /// Nil if all offsets are committed.
    let error: KafkaError?

    var partitions: [TopicPartition] { commits.map(\.topicPartition) }
}
