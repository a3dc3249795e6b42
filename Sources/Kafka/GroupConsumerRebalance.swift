import CLibrdkafka
import Logging
import Synchronization

// What a group consumer does when the group changes. Everything here runs on the poll thread.
extension GroupConsumer {
    /// librdkafka's rebalance callback, also for its events while closing.
    func rebalance(_ rk: OpaquePointer, _ code: rd_kafka_resp_err_t, _ partitions: [TopicPartition]) {
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            assign(rk, partitions)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            revoke(rk, partitions)
        default:
            handler.failed(KafkaError("rebalance", code))
            rd_kafka_assign(rk, nil)
        }
    }

    private func assign(_ rk: OpaquePointer, _ partitions: [TopicPartition]) {
        let starts = partitions.isEmpty ? [] : startOffsets(rk, partitions)
        let list = PartitionList(starts.map(GroupConsumer.explicit))
        if isCooperative(rk) {
            report("assign", list.use { rd_kafka_incremental_assign(rk, $0) })
        } else {
            report("assign", list.use { rd_kafka_assign(rk, $0) })
        }
        // A pause belongs to an assignment; librdkafka would keep it.
        list.use { _ = rd_kafka_resume_partitions(rk, $0) }
        announce(starts)
    }

    private func revoke(_ rk: OpaquePointer, _ partitions: [TopicPartition]) {
        let isLost = rd_kafka_assignment_lost(rk) != 0
        let gone = progress.withLock { progress in partitions.filter { progress.epoch(of: $0) != nil } }
        handler.revoked(gone, lost: isLost)
        if !isLost, !gone.isEmpty {
            drain(gone)
            commitNow(rk, gone, until: Deadline(after: GroupConsumer.answerLimit))
        }
        progress.withLock { $0.remove(gone) }
        if isCooperative(rk) {
            report("unassign", PartitionList(partitions).use { rd_kafka_incremental_unassign(rk, $0) })
        } else {
            report("unassign", rd_kafka_assign(rk, nil))
        }
    }

    /// Carries out `restart(at:)`.
    func restart(_ rk: OpaquePointer, at offsets: [CommitOffset]) -> Result<Void, KafkaError> {
        let moved = offsets.map(\.topicPartition)
        let isOurs = progress.withLock { progress in moved.allSatisfy { progress.epoch(of: $0) != nil } }
        guard isOurs else {
            return .failure(KafkaError("restart", RD_KAFKA_RESP_ERR__STATE, reason: "a partition is not assigned to this member"))
        }
        guard !moved.isEmpty else { return .success(()) }
        handler.revoked(moved, lost: false)
        drain(moved)
        let deadline = Deadline(after: GroupConsumer.answerLimit)
        note(commits.collect(until: deadline))
        let refusal =
            commits.send(rk, offsets) ?? commits.collect(until: deadline).first?.error
            ?? (commits.isIdle ? nil : KafkaError("restart", RD_KAFKA_RESP_ERR__TIMED_OUT))
        // Refused: go on at the old commit point. Either way the handler gets the partitions back.
        let starts =
            refusal == nil
            ? offsets
            : progress.withLock { progress in
                moved.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: progress.commitPoint($0) ?? -1) }
            }
        let others = progress.withLock { progress in
            progress.positions.filter { !moved.contains($0.topicPartition) }
        }
        // Assigning anew, because a seek is refused where an offset was out of range, which is what a restart may be for.
        if isCooperative(rk) {
            report("restart", PartitionList(moved).use { rd_kafka_incremental_unassign(rk, $0) })
            report("restart", PartitionList(starts.map(GroupConsumer.explicit)).use { rd_kafka_incremental_assign(rk, $0) })
        } else {
            report("restart", PartitionList((others + starts).map(GroupConsumer.explicit)).use { rd_kafka_assign(rk, $0) })
        }
        PartitionList(moved).use { _ = rd_kafka_resume_partitions(rk, $0) }
        announce(starts)
        return refusal.map { .failure($0) } ?? .success(())
    }

    private func announce(_ starts: [CommitOffset]) {
        let epoch = progress.withLock { $0.assign(starts) }
        if !starts.isEmpty {
            handler.resuming(Self.known(starts), epoch: epoch)
        }
        handler.assigned(starts.map(\.topicPartition), epoch: epoch)
        settings.onAssigned?()
    }

    /// Waits, at most `drain`, until nothing that was begun on these partitions is under way: all is finished or abandoned.
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
            logger.notice("\(unfinished) records were not finished in time and will come again", metadata: ["group": "\(settings.group)"])
        }
    }

    /// What the group has committed. Asks until Kafka answers: to start at the beginning by mistake would repeat everything.
    private func startOffsets(_ rk: OpaquePointer, _ partitions: [TopicPartition]) -> [CommitOffset] {
        let deadline = Deadline(after: .seconds(30))
        while true {
            switch GroupConsumer.committed(rk, partitions, milliseconds: 5000) {
            case .success(let offsets): return offsets
            case .failure(let error):
                handler.failed(error)
                let isRunning = lifecycle.withLock { $0.phase } == .running
                guard isRunning, !deadline.hasPassed, error.isTimedOut || error.isRetriable else {
                    return partitions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: .min) }
                }
            }
        }
    }

    /// What the handler is told. Of a partition that Kafka could not be asked about nothing: it is not one that nobody has worked on.
    static func known(_ starts: [CommitOffset]) -> [CommitOffset] {
        starts.filter { $0.offset != .min }.map { start in
            CommitOffset(topic: start.topic, partition: start.partition, offset: max(-1, start.offset), metadata: start.metadata)
        }
    }

    /// Without a committed offset: the beginning. If Kafka could not be asked (`Int64.min`): librdkafka asks later, and fails loudly.
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

    private func isCooperative(_ rk: OpaquePointer) -> Bool {
        rd_kafka_rebalance_protocol(rk).map { String(cString: $0) } == "COOPERATIVE"
    }

    private func report(_ operation: String, _ code: rd_kafka_resp_err_t) {
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { handler.failed(KafkaError(operation, code)) }
    }

    private func report(_ operation: String, _ error: OpaquePointer?) {
        if let error { handler.failed(KafkaError(operation, consuming: error)) }
    }
}
