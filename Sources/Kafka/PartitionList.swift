import CLibrdkafka

/// librdkafka's list of partitions with offsets, owned and freed here.
struct PartitionList: ~Copyable {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ offsets: [CommitOffset]) {
        pointer = rd_kafka_topic_partition_list_new(Int32(clamping: offsets.count))
        for offset in offsets {
            let entry = rd_kafka_topic_partition_list_add(pointer, offset.topic, offset.partition)
            entry?.pointee.offset = offset.offset
            if let entry, let metadata = offset.metadata { _ = ocn_rd_kafka_set_metadata(entry, metadata) }
        }
    }

    init(_ partitions: [TopicPartition], offset: Int64 = Int64(RD_KAFKA_OFFSET_INVALID)) {
        self.init(partitions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: offset) })
    }

    deinit {
        rd_kafka_topic_partition_list_destroy(pointer)
    }

    /// Calls `body` with librdkafka's list, which lives during the call. The pointer must not escape.
    borrowing func use<Value>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Value) -> Value {
        body(pointer)
    }

    var offsets: [CommitOffset] { PartitionList.offsets(of: pointer) }

    /// The offsets of the entries without an error.
    var found: [TopicPartition: Int64] {
        PartitionList.entries(of: pointer).reduce(into: [:]) { found, entry in
            guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR, entry.offset >= 0 else { return }
            found[TopicPartition(topic: String(cString: entry.topic), partition: entry.partition)] = entry.offset
        }
    }

    /// The first entry that librdkafka marked as failed.
    func firstError(_ operation: String) -> KafkaError? { PartitionList.firstError(in: pointer, operation) }

    /// The error of a request that returned this code. If no partition has a leader, librdkafka reports that all are unknown, and the true
    /// error at each entry.
    func failure(_ operation: String, _ code: rd_kafka_resp_err_t) -> KafkaError? {
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR: firstError(operation)
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: firstError(operation) ?? KafkaError(operation, code)
        default: KafkaError(operation, code)
        }
    }

    static func partitions(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        offsets(of: list).map(\.topicPartition)
    }

    /// The offsets of a list. Negative offsets are librdkafka's markers for "none" and become -1.
    static func offsets(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [CommitOffset] {
        entries(of: list).map { entry in
            let metadata = entry.metadata.map { bytes in
                String(decoding: UnsafeRawBufferPointer(start: bytes, count: entry.metadata_size), as: UTF8.self)
            }
            return CommitOffset(
                topic: String(cString: entry.topic), partition: entry.partition, offset: entry.offset < 0 ? -1 : entry.offset,
                metadata: metadata?.isEmpty == true ? nil : metadata)
        }
    }

    static func firstError(in list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ operation: String) -> KafkaError? {
        for entry in entries(of: list) where entry.err != RD_KAFKA_RESP_ERR_NO_ERROR {
            let reason = String(cString: rd_kafka_err2str(entry.err))
            return KafkaError(operation, entry.err, reason: "\(String(cString: entry.topic))[\(entry.partition)]: \(reason)")
        }
        return nil
    }

    // Unsafe, short: read before the list can change; the list's owner is on this thread's stack.
    private static func entries(
        of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) -> UnsafeBufferPointer<rd_kafka_topic_partition_t> {
        guard let list, let elements = list.pointee.elems else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: elements, count: max(0, Int(list.pointee.cnt)))
    }
}
