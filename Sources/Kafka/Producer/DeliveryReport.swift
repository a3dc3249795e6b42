import CLibrdkafka

/// The pending delivery report of one record; librdkafka carries it as the record's opaque.
final class DeliveryReport: Sendable {
    private let topic: String
    private let report: @Sendable (Result<RecordPosition, KafkaError>) -> Void

    init(topic: String, _ report: @escaping @Sendable (Result<RecordPosition, KafkaError>) -> Void) {
        self.topic = topic
        self.report = report
    }

    func complete(_ message: UnsafePointer<rd_kafka_message_t>, of rk: OpaquePointer) {
        let code = message.pointee.err
        if code == RD_KAFKA_RESP_ERR_NO_ERROR {
            // Unknown if the record was already stored: an earlier attempt's answer was lost.
            let offset = max(-1, message.pointee.offset)
            report(
                .success(
                    RecordPosition(topic: topic, partition: message.pointee.partition, offset: offset, appended: Self.appended(message))))
        } else {
            let mayBePersisted = rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED
            report(.failure(KafkaError("produce", code, mayBePersisted: mayBePersisted)))
        }
    }

    func fail(_ error: KafkaError) {
        report(.failure(error))
    }

    /// The broker's append time. Its answer only carries it for topics with `message.timestamp.type=LogAppendTime`.
    private static func appended(_ message: UnsafePointer<rd_kafka_message_t>) -> Int64? {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = rd_kafka_message_timestamp(message, &kind)
        return kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? time : nil
    }
}
