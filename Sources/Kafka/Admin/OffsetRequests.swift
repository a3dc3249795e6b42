import CLibrdkafka

/// Requests about offsets. They block.
enum OffsetRequests {
    static func committed(
        _ rk: OpaquePointer, _ group: String, _ partitions: [TopicPartition], milliseconds: Int32, isStopping: () -> Bool
    ) -> Result<[CommitOffset], KafkaError> {
        var wanted: [OpaquePointer?] = [PartitionList(partitions).use { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }]
        defer { for request in wanted { rd_kafka_ListConsumerGroupOffsets_destroy(request) } }
        let answer = AdminRequest.perform(
            rk, "group offsets", RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, milliseconds: milliseconds, isForCoordinator: true,
            isStopping: isStopping
        ) { options, queue in
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

    /// The first (`RD_KAFKA_OFFSET_BEGINNING`) or the next (`RD_KAFKA_OFFSET_END`) offset of partitions, all in one request.
    ///
    /// Uses the request by time, which has special values for both. `rd_kafka_query_watermark_offsets` of 2.0.2 ignores its time limit once
    /// it knows a leader, and waits for ever for a lost broker.
    static func edges(
        _ rk: OpaquePointer, _ partitions: [TopicPartition], at edge: Int64, milliseconds: Int32
    ) -> Result<[TopicPartition: Int64], KafkaError> {
        guard !partitions.isEmpty else { return .success([:]) }
        let list = PartitionList(partitions, offset: edge)
        let code = list.use { rd_kafka_offsets_for_times(rk, $0, milliseconds) }
        if let error = list.failure("watermarks", code) {
            if error.mayPass { MetadataRefresh.perform(rk, milliseconds: milliseconds) }
            return .failure(error)
        }
        let found = list.found
        // Unchanged entries have had no answer.
        guard found.count == Set(partitions).count else { return .failure(KafkaError("watermarks", RD_KAFKA_RESP_ERR__TIMED_OUT)) }
        return .success(found)
    }

    /// The end offsets of the partitions whose leaders answer. Each leader gets a request of its own: in one request for all, a missing
    /// leader would fail every partition.
    static func knownEnds(_ rk: OpaquePointer, _ partitions: [TopicPartition], milliseconds: Int32) -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        let deadline = Deadline(after: .milliseconds(Int64(milliseconds)))
        let leaders = leaders(rk, milliseconds: milliseconds)
        let groups = Dictionary(grouping: partitions.filter { leaders[$0] != nil }) { leaders[$0] ?? -1 }
        var ends: [TopicPartition: Int64] = [:]
        var left = Int32(clamping: groups.count)
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            let list = PartitionList(group, offset: Int64(RD_KAFKA_OFFSET_END))
            let code = list.use { rd_kafka_offsets_for_times(rk, $0, deadline.remainingMilliseconds / max(1, left)) }
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { ends.merge(list.found) { _, new in new } }
            left -= 1
        }
        return ends
    }

    /// The leading broker of each partition of all topics; empty if no broker answers. Partitions without a leader are left out.
    private static func leaders(_ rk: OpaquePointer, milliseconds: Int32) -> [TopicPartition: Int32] {
        var found: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(rk, 1, nil, &found, milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else { return [:] }
        defer { rd_kafka_metadata_destroy(found) }
        var leaders: [TopicPartition: Int32] = [:]
        for topic in UnsafeBufferPointer(start: found.pointee.topics, count: max(0, Int(found.pointee.topic_cnt))) {
            guard let name = topic.topic.map({ String(cString: $0) }) else { continue }
            for partition in UnsafeBufferPointer(start: topic.partitions, count: max(0, Int(topic.partition_cnt)))
            where partition.leader >= 0 {
                leaders[TopicPartition(topic: name, partition: partition.id)] = partition.leader
            }
        }
        return leaders
    }

    static func byTime(
        _ rk: OpaquePointer, _ partitions: [TopicPartition], _ time: Int64, milliseconds: Int32
    ) -> Result<[TopicPartition: Int64?], KafkaError> {
        let list = PartitionList(partitions, offset: max(0, time))
        let code = list.use { rd_kafka_offsets_for_times(rk, $0, milliseconds) }
        if let error = list.failure("offsets by time", code) { return .failure(error) }
        var found: [TopicPartition: Int64?] = [:]
        for offset in list.offsets { found.updateValue(offset.offset < 0 ? nil : offset.offset, forKey: offset.topicPartition) }
        return .success(found)
    }
}
