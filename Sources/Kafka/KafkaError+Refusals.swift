import CLibrdkafka

// What a broker refuses however often it is asked.

extension KafkaError {
    /// What a right is about.
    enum Unauthorized { case topic, group, cluster }

    /// What the user whom the connection belongs to lacks a right on; nil if the error is another one.
    var unauthorized: Unauthorized? {
        switch code {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue: .topic
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED.rawValue: .group
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED.rawValue: .cluster
        default: nil
        }
    }

    /// The user whom the connection belongs to lacks a right.
    package var isUnauthorized: Bool { unauthorized != nil }

    /// A right is missing, in words that say which and how it is granted.
    static func lacks(_ right: MissingRight, _ operation: String) -> KafkaError {
        let code =
            switch right.resource {
            case .topic: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            case .group: RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
            case .cluster: RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED
            }
        return KafkaError(operation, code, reason: right.description, isRetriable: false)
    }
    /// More copies of a topic were asked for than there are brokers.
    package var isTooManyReplicas: Bool { code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR.rawValue }
    /// A rule of the cluster's operator is against it.
    package var isAgainstPolicy: Bool { code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION.rawValue }
}
