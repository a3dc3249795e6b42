import CLibrdkafka
import Logging

// A poll loop's handling of rebalances.
extension ConsumerPollLoop {
    /// Handles librdkafka's rebalance events, also those during closing.
    func rebalance(_ code: rd_kafka_resp_err_t, _ partitions: [TopicPartition]) {
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            assign(partitions)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            revoke(partitions)
        default:
            context.failed(KafkaError("rebalance", code))
            rd_kafka_assign(rk, nil)
        }
    }

    private func assign(_ partitions: [TopicPartition]) {
        let starts = partitions.isEmpty ? [] : startOffsets(partitions)
        let list = PartitionList(starts.map(Self.explicit))
        if isCooperative {
            report("assign", list.use { rd_kafka_incremental_assign(rk, $0) })
        } else {
            report("assign", list.use { rd_kafka_assign(rk, $0) })
        }
        // librdkafka would keep pauses of an earlier assignment.
        list.use { _ = rd_kafka_resume_partitions(rk, $0) }
        announce(starts.map { GroupProgress.Start($0) })
        askAgain(starts.filter { $0.offset == .min }.map(\.topicPartition))
        noteJoined()
        settings.onAssigned?()
    }

    /// Pauses partitions whose committed offset is unknown until Kafka answers: librdkafka would only query once more, and not return the
    /// commit metadata.
    private func askAgain(_ partitions: [TopicPartition]) {
        guard !partitions.isEmpty else { return }
        PartitionList(partitions).use { _ = rd_kafka_pause_partitions(rk, $0) }
        partitions.forEach(outOfRangeSince)
    }

    private func revoke(_ partitions: [TopicPartition]) {
        noteLeft()
        let isLost = rd_kafka_assignment_lost(rk) != 0
        if isLost { settings.onLost?() }
        let gone = progress.withLock { progress in partitions.filter { progress.epoch(of: $0) != nil } }
        handler.revoked(gone, lost: isLost, acknowledger: context.acknowledger)
        if !isLost, !gone.isEmpty {
            drain(gone)
            commitNow(gone, until: Deadline(after: Self.answerLimit))
        }
        progress.withLock { $0.remove(gone) }
        if isCooperative {
            report("unassign", PartitionList(partitions).use { rd_kafka_incremental_unassign(rk, $0) })
        } else {
            report("unassign", rd_kafka_assign(rk, nil))
        }
    }

    /// Carries out `restart(at:)`.
    func restart(at offsets: [CommitOffset]) -> Result<Void, KafkaError> {
        let moved = offsets.map(\.topicPartition)
        let isOurs = progress.withLock { progress in moved.allSatisfy { progress.epoch(of: $0) != nil } }
        guard isOurs else {
            return .failure(KafkaError("restart", RD_KAFKA_RESP_ERR__STATE, reason: "a partition is not assigned to this member"))
        }
        guard !moved.isEmpty else { return .success(()) }
        let refusal = beginAgain(offsets)
        return refusal.map { .failure($0) } ?? .success(())
    }

    /// Revokes assigned partitions towards the handler and assigns them at other offsets, under a new epoch.
    /// - Parameter insists: whether to start there even if Kafka refuses the commit; otherwise reading then starts at the old commit point.
    /// - Returns: why the commit was refused.
    @discardableResult
    func beginAgain(_ offsets: [CommitOffset], insists: Bool = false) -> KafkaError? {
        let moved = offsets.map(\.topicPartition)
        handler.revoked(moved, lost: false, acknowledger: context.acknowledger)
        drain(moved)
        note(commits.collect(until: Deadline(after: Self.answerLimit)))
        // An older commit without an answer could still undo this one.
        let refusal =
            commits.isIdle
            ? CommitQueue.commit(rk, offsets, within: Self.answerLimit) : KafkaError("restart", RD_KAFKA_RESP_ERR__TIMED_OUT)
        // The handler gets the partitions back in both cases.
        let starts =
            refusal == nil || insists ? offsets.map { GroupProgress.Start($0) } : progress.withLock { $0.starts(of: moved) }
        assignAnew(starts.map(\.commit))
        PartitionList(moved).use { _ = rd_kafka_resume_partitions(rk, $0) }
        announce(starts)
        // The offset in Kafka is unknown, so the next commit must include these partitions.
        if refusal != nil { progress.withLock { progress in moved.forEach { progress.refused($0) } } }
        return refusal
    }

    /// Makes librdkafka read assigned partitions from other offsets, by assigning again: a seek fails if an offset was out of range.
    func assignAnew(_ starts: [CommitOffset]) {
        let moved = starts.map(\.topicPartition)
        if isCooperative {
            report("restart", PartitionList(moved).use { rd_kafka_incremental_unassign(rk, $0) })
            report("restart", PartitionList(starts.map(Self.explicit)).use { rd_kafka_incremental_assign(rk, $0) })
        } else {
            let others = progress.withLock { $0.positions }.filter { !moved.contains($0.topicPartition) }
            report("restart", PartitionList((others + starts).map(Self.explicit)).use { rd_kafka_assign(rk, $0) })
        }
    }

    func announce(_ starts: [GroupProgress.Start]) {
        let epoch = progress.withLock { $0.assign(starts) }
        let commits = starts.map(\.commit)
        if !commits.isEmpty { handler.resuming(Self.known(commits), epoch: epoch) }
        handler.assigned(commits.map(\.topicPartition), epoch: epoch, acknowledger: context.acknowledger)
    }

    /// Waits, at most `drain`, until every begun record of these partitions is finished or abandoned.
    private func drain(_ partitions: [TopicPartition]) {
        let isDrained = progress.wait(until: Deadline(after: settings.drain)) { progress -> Bool? in
            progress.isDraining = true
            return progress.isIdle(partitions) ? true : nil
        }
        let unfinished = progress.withLock { progress in
            progress.isDraining = false
            return progress.unfinished(partitions)
        }
        if isDrained == nil {
            log.logger.notice(
                "\(unfinished) records were not finished in time and will be read again", metadata: ["group": "\(settings.group)"])
        }
    }

    /// The group's committed offsets. Retries until Kafka answers: starting at the beginning by mistake would repeat everything.
    private func startOffsets(_ partitions: [TopicPartition]) -> [CommitOffset] {
        let answer = Retry.until(Deadline(after: .seconds(30)), "committed") { milliseconds in
            state.isRunning ? ConsumerQuestions.committed(rk, partitions, milliseconds: milliseconds) : nil
        }
        switch answer {
        case .success(let offsets): return offsets
        case .failure(let error):
            context.failed(error)
            return partitions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: .min) }
        }
    }

    /// The offsets that are reported to the handler. A partition whose committed offset could not be fetched is left out, because it may
    /// have one.
    static func known(_ starts: [CommitOffset]) -> [CommitOffset] {
        starts.filter { $0.offset != .min }.map { start in
            CommitOffset(topic: start.topic, partition: start.partition, offset: max(-1, start.offset), metadata: start.metadata)
        }
    }

    /// The offset given to librdkafka: the beginning for a partition without a committed offset. If Kafka could not be asked (`Int64.min`),
    /// librdkafka fetches it later, and reports an error if it cannot.
    private static func explicit(_ start: CommitOffset) -> CommitOffset {
        var start = start
        start.metadata = nil
        if start.offset == .min {
            start.offset = Int64(RD_KAFKA_OFFSET_INVALID)
        } else if start.offset < 0 {
            start.offset = Int64(RD_KAFKA_OFFSET_BEGINNING)
        }
        return start
    }

    var isCooperative: Bool {
        rd_kafka_rebalance_protocol(rk).map { String(cString: $0) } == "COOPERATIVE"
    }

    private func report(_ operation: String, _ code: rd_kafka_resp_err_t) {
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { context.failed(KafkaError(operation, code)) }
    }

    private func report(_ operation: String, _ error: OpaquePointer?) {
        if let error { context.failed(KafkaError(operation, consuming: error)) }
    }
}
