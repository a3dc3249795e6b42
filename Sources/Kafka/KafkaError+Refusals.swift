import CLibrdkafka

// Errors that a retry does not change.

extension KafkaError {
    /// The kind of resource that a right covers.
    enum Unauthorized { case topic, group, cluster }

    /// The kind of resource on which the connection's user lacks a right; nil for any other error.
    var unauthorized: Unauthorized? {
        switch code {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue: .topic
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED.rawValue: .group
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED.rawValue: .cluster
        default: nil
        }
    }

    /// Whether the connection's user lacks a right.
    package var isUnauthorized: Bool { unauthorized != nil }

    /// An error for a missing right; its text names the right and how it is granted.
    static func lacks(_ right: MissingRight, _ operation: String) -> KafkaError {
        let code =
            switch right.resource {
            case .topic: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            case .group: RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
            case .cluster: RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED
            }
        return KafkaError(operation, code, reason: right.description, isRetriable: false)
    }
    /// Whether the replication factor exceeds the number of brokers.
    package var isTooManyReplicas: Bool { code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR.rawValue }
    /// Whether a policy of the cluster's operator refuses the request.
    package var isAgainstPolicy: Bool { code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION.rawValue }
}
