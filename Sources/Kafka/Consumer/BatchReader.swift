import CLibrdkafka
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads a consumer's queue on its poll thread and turns librdkafka's messages into records of our own.
///
/// Uses the consumer poll call, one message at a time: librdkafka's batch call loses or repeats messages around pauses and rebalances
/// in 2.0.2. The calls without waiting cost 200 ns each.
struct BatchReader {
    /// The reason why a batch ended early.
    enum Interruption {
        case end(TopicPartition, nextOffset: Int64)
        case failed(KafkaError, TopicPartition?)
    }

    /// Whether a batch ends at the end of a partition. Otherwise ``ends`` reports the partition ends beside the batch.
    private let stopsAtEnd: Bool
    /// Partitions whose end was reached during the last ``next``, with the offset after their last record.
    private(set) var ends: [(partition: TopicPartition, nextOffset: Int64)] = []

    init(stopsAtEnd: Bool) {
        self.stopsAtEnd = stopsAtEnd
    }

    // The topic of the last message: consecutive messages mostly share it, and comparing is cheaper than making a String.
    private var topic = ""

    /// Waits up to `timeout` ms for the first message, then takes all messages that are already queued, up to `limit`.
    mutating func next(
        _ rk: OpaquePointer, limit: Int, timeout: Int32, epoch: (String, Int32) -> UInt64?
    ) -> (records: [IncomingRecord], interruption: Interruption?) {
        var records: [IncomingRecord] = []
        var timeout = timeout
        ends.removeAll(keepingCapacity: true)
        while records.count < limit, let message = rd_kafka_consumer_poll(rk, timeout) {
            defer { rd_kafka_message_destroy(message) }
            timeout = 0
            let name = topicName(message)
            let partition = message.pointee.partition
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                guard let epoch = epoch(name, partition) else { continue }  // not assigned any more
                records.append(record(message, topic: name, epoch: epoch))
            case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                let place = TopicPartition(topic: name, partition: partition)
                if stopsAtEnd { return (records, .end(place, nextOffset: message.pointee.offset)) }
                ends.append((place, message.pointee.offset))
            case let code:
                let reason = rd_kafka_message_errstr(message).map { String(cString: $0) }
                let error = KafkaError.general("consume", code, reason: reason, of: rk)
                let place = name.isEmpty || partition < 0 ? nil : TopicPartition(topic: name, partition: partition)
                return (records, .failed(error, place))
            }
        }
        return (records, nil)
    }

    private mutating func topicName(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> String {
        guard let handle = message.pointee.rkt, let name = rd_kafka_topic_name(handle) else { return "" }
        if !topic.withCString({ strcmp($0, name) == 0 }) { topic = String(cString: name) }
        return topic
    }

    // Unsafe, short: the message's memory is copied here, once, and lives until the caller's `defer`.
    private func record(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String, epoch: UInt64) -> IncomingRecord {
        let key = message.pointee.key.map {
            String(decoding: UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len), as: UTF8.self)
        }
        let value = message.pointee.payload.map { payload in
            var buffer = ByteBufferAllocator().buffer(capacity: message.pointee.len)
            buffer.writeBytes(UnsafeRawBufferPointer(start: payload, count: message.pointee.len))
            return buffer
        }
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &kind)
        return IncomingRecord(
            topic: topic, partition: message.pointee.partition, offset: message.pointee.offset,
            timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp, key: key, value: value, headers: headers(message),
            epoch: epoch)
    }

    private func headers(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> RecordHeaders {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return RecordHeaders() }
        var fields: [RecordHeader] = []
        fields.reserveCapacity(rd_kafka_header_cnt(list))
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, fields.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name {
            let text = String(decoding: UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size), as: UTF8.self)
            fields.append(RecordHeader(name: String(cString: name), value: text))
        }
        return RecordHeaders(fields)
    }
}
