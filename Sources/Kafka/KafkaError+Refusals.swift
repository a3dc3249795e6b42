import CLibrdkafka

// What a broker refuses however often it is asked.

extension KafkaError {
    /// The user whom the connection belongs to lacks a right.
    package var isUnauthorized: Bool {
        code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED.rawValue
            || code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED.rawValue
    }
    /// More copies of a topic were asked for than there are brokers.
    package var isTooManyReplicas: Bool { code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR.rawValue }
    /// A rule of the cluster's operator is against it.
    package var isAgainstPolicy: Bool { code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION.rawValue }
}
