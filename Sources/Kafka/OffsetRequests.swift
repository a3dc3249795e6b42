import CLibrdkafka

/// Requests about offsets. They block; for the admin's thread.
enum OffsetRequests {
    static func committed(
        _ rk: OpaquePointer, _ group: String, _ partitions: [TopicPartition]
    ) -> Result<[CommitOffset], KafkaError> {
        var wanted: [OpaquePointer?] = [PartitionList(partitions).use { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }]
        defer { for request in wanted { rd_kafka_ListConsumerGroupOffsets_destroy(request) } }
        let answer = AdminRequest.perform(rk, "group offsets", RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) { options, queue in
            rd_kafka_ListConsumerGroupOffsets(rk, &wanted, wanted.count, options, queue)
        } read: { event -> Result<[CommitOffset], KafkaError> in
            var count = 0
            let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
            guard let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count), count > 0, let first = groups[0] else {
                return .failure(KafkaError("group offsets", RD_KAFKA_RESP_ERR__BAD_MSG))
            }
            if let error = rd_kafka_group_result_error(first) {  // owned by the event
                return .failure(
                    KafkaError("group offsets", rd_kafka_error_code(error), reason: String(cString: rd_kafka_error_string(error))))
            }
            let list = rd_kafka_group_result_partitions(first).map { UnsafeMutablePointer(mutating: $0) }
            if let error = PartitionList.firstError(in: list, "group offsets") { return .failure(error) }
            return .success(PartitionList.offsets(of: list))
        }
        return answer.flatMap { $0 }
    }

    static func watermarks(
        _ rk: OpaquePointer, _ partitions: [TopicPartition], milliseconds: Int32
    ) -> Result<[TopicPartition: Range<Int64>], KafkaError> {
        let deadline = Deadline(after: .milliseconds(Int64(milliseconds)))
        return edges(rk, partitions, at: Int64(RD_KAFKA_OFFSET_BEGINNING), milliseconds: milliseconds).flatMap { lows in
            edges(rk, partitions, at: Int64(RD_KAFKA_OFFSET_END), milliseconds: deadline.remainingMilliseconds).map { highs in
                highs.reduce(into: [:]) { found, high in
                    let low = lows[high.key] ?? 0
                    found[high.key] = low..<max(low, high.value)
                }
            }
        }
    }

    /// The first (`RD_KAFKA_OFFSET_BEGINNING`) or the next (`RD_KAFKA_OFFSET_END`) offset of partitions, all in one question.
    ///
    /// Asks by "time", for which the protocol knows these two as well. Not `rd_kafka_query_watermark_offsets`: in 2.0.2 that forgets its
    /// time limit once it knows a leader, and waits for ever for a broker that has gone.
    static func edges(
        _ rk: OpaquePointer, _ partitions: [TopicPartition], at edge: Int64, milliseconds: Int32
    ) -> Result<[TopicPartition: Int64], KafkaError> {
        guard !partitions.isEmpty else { return .success([:]) }
        let list = PartitionList(partitions, offset: edge)
        let code = list.use { rd_kafka_offsets_for_times(rk, $0, milliseconds) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return .failure(KafkaError("watermarks", code)) }
        if let error = list.firstError("watermarks") { return .failure(error) }
        var found: [TopicPartition: Int64] = [:]
        for offset in list.offsets {
            // Left as it was asked: no answer came for this one.
            guard offset.offset >= 0 else { return .failure(KafkaError("watermarks", RD_KAFKA_RESP_ERR__TIMED_OUT)) }
            found[offset.topicPartition] = offset.offset
        }
        return .success(found)
    }

    static func byTime(
        _ rk: OpaquePointer, _ partitions: [TopicPartition], _ milliseconds: Int64
    ) -> Result<[TopicPartition: Int64?], KafkaError> {
        let list = PartitionList(partitions, offset: max(0, milliseconds))
        let code = list.use { rd_kafka_offsets_for_times(rk, $0, AdminRequest.limit) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return .failure(KafkaError("offsets by time", code)) }
        if let error = list.firstError("offsets by time") { return .failure(error) }
        var found: [TopicPartition: Int64?] = [:]
        for offset in list.offsets { found.updateValue(offset.offset < 0 ? nil : offset.offset, forKey: offset.topicPartition) }
        return .success(found)
    }
}
