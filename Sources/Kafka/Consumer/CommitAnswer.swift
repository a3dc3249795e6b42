import CLibrdkafka

/// What Kafka said to one commit.
struct CommitAnswer {
    /// As they were sent.
    let commits: [CommitOffset]
    /// nil: all of them are committed.
    let error: KafkaError?

    var partitions: [TopicPartition] { commits.map(\.topicPartition) }
}
