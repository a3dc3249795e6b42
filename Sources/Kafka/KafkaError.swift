import CLibrdkafka

/// What went wrong between us and Kafka. Never holds a property's value or a record's content.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being done, for instance `produce`.
    package let operation: String
    /// librdkafka's code: negative for the client's own, positive for the broker's.
    package let code: Int32
    /// librdkafka's name of the code, for instance `_QUEUE_FULL`.
    package let name: String
    /// For people.
    package let reason: String
    /// Doing the same again may succeed.
    package let isRetriable: Bool
    /// The client is of no further use and must be made anew.
    package let isFatal: Bool
    /// A record that failed may stand in Kafka all the same (time-out, lost connection).
    package let mayBePersisted: Bool

    init(
        _ operation: String, _ code: rd_kafka_resp_err_t, reason: String? = nil, isRetriable: Bool? = nil, isFatal: Bool? = nil,
        mayBePersisted: Bool = false
    ) {
        self.operation = operation
        self.code = code.rawValue
        self.name = String(cString: rd_kafka_err2name(code))
        self.reason = reason ?? String(cString: rd_kafka_err2str(code))
        self.isRetriable = isRetriable ?? KafkaError.retriable.contains(code.rawValue)
        self.isFatal = isFatal ?? (code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__FENCED)
        self.mayBePersisted = mayBePersisted
    }

    /// Takes over and frees `error`, librdkafka's own classified error.
    init(_ operation: String, consuming error: OpaquePointer) {
        self.init(
            operation, rd_kafka_error_code(error), reason: String(cString: rd_kafka_error_string(error)),
            isRetriable: rd_kafka_error_is_retriable(error) != 0, isFatal: rd_kafka_error_is_fatal(error) != 0)
        rd_kafka_error_destroy(error)
    }

    /// An error by librdkafka's code, for tests of code that reacts to errors.
    package init(operation: String, code: Int32) {
        self.init(operation, rd_kafka_resp_err_t(rawValue: code))
    }

    /// What was handed to Kafka may never get there: Kafka cannot be used at the moment.
    package static let away = KafkaError(
        "produce", RD_KAFKA_RESP_ERR__TRANSPORT, reason: "Kafka cannot be used at the moment", mayBePersisted: true)

    static func closed(_ operation: String) -> KafkaError {
        KafkaError(operation, RD_KAFKA_RESP_ERR__DESTROY, reason: "the client is closed", isRetriable: false)
    }

    /// The local queue is full: the caller is busy, nothing was sent.
    package var isQueueFull: Bool { code == RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue }
    /// The topic or partition does not exist, as far as the brokers asked know.
    package var isUnknownTopic: Bool {
        code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION.rawValue
            || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue
    }
    /// This client knows no such topic, or no such partition of it; nothing was sent.
    var isUnknownHere: Bool {
        code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION.rawValue
    }
    /// A broker told that the partition is there no more, and librdkafka dropped the record before it was sent: so it ends what waits in a
    /// partition that it forgets.
    var hasVanished: Bool { operation == "produce" && code == RD_KAFKA_RESP_ERR__DESTROY.rawValue && !mayBePersisted }
    /// Asking the same again may be answered: also where a topic is unknown, because one that was just made can be for a while.
    package var mayPass: Bool { isRetriable || isUnknownTopic }
    /// Nothing was heard in time; what was asked may have happened.
    package var isTimedOut: Bool {
        code == RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT.rawValue
            || code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE.rawValue || code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT.rawValue
    }
    /// No broker that the client knows of can be reached.
    package var isAllBrokersDown: Bool { code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue }
    /// A topic of that name stands already.
    package var isTopicExists: Bool { code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue }
    /// The record is larger than Kafka takes; sending it again changes nothing.
    package var isTooLarge: Bool { code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue }
    /// The reader's position is no longer in the log, or the log began anew.
    package var isOutOfRange: Bool {
        code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue
    }
    /// The group is settling who owns what, or has gone on without this member: nothing can be committed until it has told.
    package var isRebalancing: Bool {
        code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS.rawValue || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION.rawValue
            || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID.rawValue
    }
    /// A broker or library that does not know the request, such as the embedded cluster for admin calls.
    package var isUnsupported: Bool {
        code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE.rawValue || code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION.rawValue
    }

    /// librdkafka does not take the properties of a client, or not together. No broker was asked.
    package var isRefusedConfiguration: Bool {
        ["configure", "create client"].contains(operation) && code == RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue
    }

    /// `produce: _QUEUE_FULL: Local: Queue full`.
    package var description: String { "\(operation): \(name): \(reason)" }

    // Codes that come without librdkafka's own classification.
    private static let retriable: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__IN_PROGRESS,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
        ].map(\.rawValue))
}
