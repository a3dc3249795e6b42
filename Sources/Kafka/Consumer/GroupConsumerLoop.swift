import CLibrdkafka
import Encoding
import Instruments
import Logging
import Synchronization

// The poll thread of a group consumer: reads, hands over, carries out commands, commits, leaves.
extension GroupConsumer {
    /// Polls until told to stop, or until the client must be replaced.
    func poll(_ rk: OpaquePointer) {
        var reader = BatchReader(stopsAtEnd: false)
        var commitAt = Deadline(after: settings.commitInterval)
        var recordAt = Deadline(after: .seconds(5))
        var ages = WaitingAges()
        var recommitAt = settings.recommitInterval.map { Deadline(after: $0) }
        let wait = max(1, min(100, settings.commitInterval.clampedMilliseconds))
        while isRunning, !isStranded() {
            comeRound()
            carryOutCommands(rk)
            // Kafka's answers to commits do not end the wait.
            receive(rk, &reader, progress.withLock { $0.isCommitUrgent } ? 2 : wait)
            askForOutOfRange()
            lookForOwners()
            if let interval = settings.recommitInterval, recommitAt?.hasPassed == true {
                progress.withLock { $0.demandCommit(of: $0.assignment, now: false) }
                recommitAt = Deadline(after: interval)
            }
            if commitChanges(rk, isDue: commitAt.hasPassed) { commitAt = Deadline(after: settings.commitInterval) }
            if recordAt.hasPassed {
                recordMetrics(&ages)
                recordAt = Deadline(after: .seconds(5))
            }
        }
    }

    private func receive(_ rk: OpaquePointer, _ reader: inout BatchReader, _ wait: Int32) {
        let (polled, interruption) = reader.next(rk, limit: settings.batchLimit, timeout: wait) { topic, partition in
            progress.withLock { $0.epoch(of: TopicPartition(topic: topic, partition: partition)) }
        }
        if !polled.isEmpty {
            // A rebalance may have come between two records of the batch.
            let records = progress.withLock { $0.begin(polled) }
            metrics.records.increment(by: records.count)
            if !records.isEmpty { handler.received(records) }
            kafka.missingRights.granted("Read", on: Set(polled.map(\.topic)))
        }
        if !reader.ends.isEmpty {
            progress.withLock { progress in for end in reader.ends { progress.reached(end.partition, end.nextOffset) } }
        }
        if case .failed(let error, let place) = interruption {
            kafka.missingRights.note(reading: error, topic: place?.topic, group: settings.group)
            failed(error)
            if error.isOutOfRange, let place { outOfRangeSince(place) }
        }
    }

    /// Something is wrong: told to the operator, in bounds, and to the handler.
    func failed(_ error: KafkaError) {
        // A pattern that matches no topic yet is no fault.
        if error.isUnknownTopic, error.reason.contains("not available: ^") { return log.log(.debug, "subscription", "\(error)") }
        log.log(error, metadata: ["group": "\(settings.group)"])
        handler.failed(error)
    }

    private func carryOutCommands(_ rk: OpaquePointer) {
        let commands = inbox.withLock { commands in
            defer { commands = [] }
            return commands
        }
        for command in commands {
            switch command {
            case .setPaused(let epochs, let isPaused): setPaused(rk, epochs, isPaused)
            case .joinAnew: joinAnew(rk)
            case .restart(let offsets, let report):
                report(restart(rk, at: offsets))
            case .found(let partition, let epoch, let logBounds): fetchBack(rk, partition, epoch, logBounds)
            }
        }
    }

    private func setPaused(_ rk: OpaquePointer, _ epochs: [TopicPartition: UInt64], _ isPaused: Bool) {
        for (partition, epoch) in epochs {
            guard let shallPause = progress.withLock({ $0.setPaused(partition, isPaused, epoch: epoch) }) else { continue }
            setReading(rk, partition, paused: shallPause)
        }
    }

    func setReading(_ rk: OpaquePointer, _ partition: TopicPartition, paused: Bool) {
        PartitionList([partition]).use { list in
            _ = paused ? rd_kafka_pause_partitions(rk, list) : rd_kafka_resume_partitions(rk, list)
        }
    }

    private func recordMetrics(_ ages: inout WaitingAges) {
        let (unfinished, dropped, skipped) = progress.withLock { ($0.unfinished($0.assignment), $0.dropped, $0.skipped) }
        metrics.unfinished.record(unfinished)
        metrics.skipped.record(skipped)
        metrics.dropped.record(dropped)
        let backlog = self.backlog
        metrics.backlog.record(backlog.values.reduce(0, +))
        let oldest = ages.ages(progress.withLock { $0.waiting(backlog) }, now: Timestamp.now.milliseconds)
        // What another process reads now waits there.
        for topic in Set(metrics.oldest.values).union(oldest.keys) {
            metrics.oldest.record(Double(oldest[topic] ?? 0) / 1000, topic)
        }
    }

    // MARK: commits

    /// Commits what moved, without waiting, if it is time or urgent; one commit at a time, so that an older answer never undoes a newer one.
    /// - Returns: whether it came to that.
    private func commitChanges(_ rk: OpaquePointer, isDue: Bool) -> Bool {
        note(rk, commits.collect())
        guard commits.isIdle, progress.withLock({ $0.takeUrgency() }) || isDue else { return false }
        sendCommits(rk, nil)
        // There was nothing to commit, or no way.
        if commits.isIdle { progress.withLock { $0.commitAnswered() } }
        return true
    }

    /// Commits what moved on these partitions and waits for the answer.
    func commitNow(_ rk: OpaquePointer, _ partitions: [TopicPartition], until deadline: Deadline) {
        note(rk, commits.collect(until: deadline))
        sendCommits(rk, partitions)
        note(rk, commits.collect(until: deadline))
    }

    private func sendCommits(_ rk: OpaquePointer, _ partitions: [TopicPartition]?) {
        let describe = settings.commitMetadata
        let changes = progress.withLock { $0.takeChanges(partitions, withFinishedAhead: describe != nil) }
        guard !changes.isEmpty else { return }
        let wanted = changes.map { change in
            var commit = change.commit
            guard let describe else { return commit }
            commit.metadata = describe(commit.topicPartition, commit.offset, change.finishedAhead)
            // A set that no longer fits is not committed at all: its records may come again.
            let length = commit.metadata?.utf8.count ?? (change.finishedAhead.isEmpty ? 0 : FinishedAhead.maxTextLength)
            if let pauses = progress.withLock({ $0.setMetadata(commit.topicPartition, length: length) }) {
                setReading(rk, commit.topicPartition, paused: pauses)
                metrics.intakePauses.increment(by: pauses ? 1 : 0)
            }
            return commit
        }
        let new = progress.withLock { $0.request(wanted) }
        if let error = commits.send(rk, new) { note(rk, [CommitAnswer(commits: new, error: error)]) }
    }

    func note(_ rk: OpaquePointer, _ answers: [CommitAnswer]) {
        for answer in answers {
            progress.withLock { $0.commitAnswered() }
            if let error = answer.error {
                metrics.commitFailures.increment()
                progress.withLock { progress in answer.partitions.forEach { progress.refused($0) } }
                // During a rebalance a refusal is ordinary: the partitions' next owner commits.
                log.log(error.isRetriable ? .debug : .notice, "commit \(error.name)", "\(error)", metadata: ["group": "\(settings.group)"])
            } else {
                handler.committed(answer.commits)
            }
            guard settings.pausesWhileUncommitted, answer.error == nil || answer.error?.isRebalancing == true else { continue }
            for partition in answer.partitions {
                if let pauses = progress.withLock({ $0.setUncommitted(partition, answer.error != nil) }) {
                    setReading(rk, partition, paused: pauses)
                }
            }
        }
    }

    // MARK: the end

    /// Leaves the group; librdkafka asks for the revocation meanwhile. `false` if that took too long.
    func leave(_ rk: OpaquePointer, within limit: Duration) -> Bool {
        guard let queue = rd_kafka_queue_new(rk) else { return false }
        defer { rd_kafka_queue_destroy(queue) }
        // Not the plain close call: it has no time limit, and in 2.0.2 it can wait for ever after partitions were lost.
        if let error = rd_kafka_consumer_close_queue(rk, queue) {
            log.log(KafkaError("close consumer", consuming: error))
            return false
        }
        let deadline = Deadline(after: limit)
        while rd_kafka_consumer_closed(rk) == 0 {
            if deadline.hasPassed {
                log.logger.warning("left the group without its answer", metadata: ["group": "\(settings.group)"])
                return false
            }
            guard let event = rd_kafka_queue_poll(queue, 20) else { continue }
            if rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE {
                let partitions = PartitionList.partitions(of: rd_kafka_event_topic_partition_list(event))
                rebalance(rk, rd_kafka_event_error(event), partitions)
            }
            rd_kafka_event_destroy(event)
        }
        return true
    }

    /// How long Kafka's answer to a commit or to leaving is awaited where somebody waits for us.
    static var answerLimit: Duration { .seconds(3) }
}
