import CLibrdkafka
import Encoding
import Instruments
import Logging

/// The life of one librdkafka client in its group: reads, hands records over, carries out commands, commits, handles rebalances, leaves.
///
/// Deliberately not Sendable: it is made on the poll thread and never leaves it, so it needs no lock. State that other threads use is in
/// ``ConsumerState``.
final class ConsumerPollLoop {
    let rk: OpaquePointer
    let context: ConsumerContext
    let commits: CommitQueue
    var outOfRange = OutOfRangePartitions()
    /// Outlives this client.
    private(set) var membership: MembershipMonitor
    private var ownership: OwnershipMonitor
    private var reader = BatchReader(stopsAtEnd: false)
    private var ages = WaitingAges()

    var settings: GroupConsumer.Settings { context.settings }
    var state: ConsumerState { context.state }
    var progress: Monitor<GroupProgress> { context.state.progress }
    var handler: any GroupHandler { context.handler }
    var metrics: GroupMetrics { context.metrics }
    var log: ThrottledLog { context.log }

    /// - Parameter rk: must outlive this object.
    init(_ rk: OpaquePointer, _ context: ConsumerContext, _ membership: MembershipMonitor) {
        self.rk = rk
        self.context = context
        self.membership = membership
        commits = CommitQueue(rk)
        ownership = OwnershipMonitor(every: context.settings.ownershipInterval)
    }

    /// Must be called before the client is destroyed.
    func close() { commits.close() }

    /// Polls until the consumer stops or the client must be replaced.
    func poll() {
        let interval = settings.commitInterval
        var commitAt = Deadline(after: interval)
        var recordAt = Deadline(after: .seconds(5))
        var recommitAt = settings.recommitInterval.map { Deadline(after: $0) }
        let wait = max(1, min(100, interval.clampedMilliseconds))
        while state.isRunning, !isStranded() {
            state.comeRound()
            carryOutCommands()
            // Kafka's answers to commits do not interrupt the wait for records.
            receive(progress.withLock { $0.isCommitUrgent } ? 2 : wait)
            askForOutOfRange()
            lookForOwners()
            if let interval = settings.recommitInterval, recommitAt?.hasPassed == true {
                progress.withLock { $0.demandCommit(of: $0.assignment, now: false) }
                recommitAt = Deadline(after: interval)
            }
            if commitChanges(isDue: commitAt.hasPassed) { commitAt = Deadline(after: interval) }
            if recordAt.hasPassed {
                recordMetrics()
                recordAt = Deadline(after: .seconds(5))
            }
        }
    }

    private func receive(_ wait: Int32) {
        let (polled, interruption) = reader.next(rk, limit: settings.batchLimit, timeout: wait) { [progress] topic, partition in
            progress.withLock { $0.epoch(of: TopicPartition(topic: topic, partition: partition)) }
        }
        if !polled.isEmpty {
            // A rebalance may happen between two records of the batch.
            let records = progress.withLock { $0.begin(polled) }
            metrics.records.increment(by: records.count)
            if !records.isEmpty { handler.received(records, acknowledger: context.acknowledger) }
            context.kafka.missingRights.granted("Read", on: Set(polled.map(\.topic)))
        }
        if !reader.ends.isEmpty {
            progress.withLock { progress in for end in reader.ends { progress.reached(end.partition, end.nextOffset) } }
        }
        if case .failed(let error, let place) = interruption {
            context.kafka.missingRights.note(reading: error, topic: place?.topic, group: settings.group)
            context.failed(error)
            if error.isOutOfRange, let place { outOfRangeSince(place) }
        }
    }

    private func carryOutCommands() {
        for command in state.takeCommands() {
            switch command {
            case .setPaused(let epochs, let isPaused): setPaused(epochs, isPaused)
            case .restart(let offsets, let report): report(restart(at: offsets))
            case .logBoundsFound(let partition, let epoch, let logBounds): fetchBack(partition, epoch, logBounds)
            case .unownedFound(let unowned): claim(unowned)
            }
        }
    }

    private func setPaused(_ epochs: [TopicPartition: UInt64], _ isPaused: Bool) {
        for (partition, epoch) in epochs {
            guard let shallPause = progress.withLock({ $0.setPaused(partition, isPaused, epoch: epoch) }) else { continue }
            setReading(partition, paused: shallPause)
        }
    }

    func setReading(_ partition: TopicPartition, paused: Bool) {
        PartitionList([partition]).use { list in
            _ = paused ? rd_kafka_pause_partitions(rk, list) : rd_kafka_resume_partitions(rk, list)
        }
    }

    private func recordMetrics() {
        let (unfinished, dropped, skipped) = progress.withLock { ($0.unfinished($0.assignment), $0.dropped, $0.skipped) }
        metrics.unfinished.record(unfinished)
        metrics.skipped.record(skipped)
        metrics.dropped.record(dropped)
        let backlog = state.backlog
        metrics.backlog.record(backlog.values.reduce(0, +))
        let oldest = ages.ages(progress.withLock { $0.waiting(backlog) }, now: Timestamp.now.milliseconds)
        // Records of a revoked partition now wait at its new owner.
        for topic in Set(metrics.oldest.values).union(oldest.keys) {
            metrics.oldest.record(Double(oldest[topic] ?? 0) / 1000, topic)
        }
    }

    // MARK: Membership

    /// Whether this member has been out of its group for too long. Logged once, as is its return.
    private func isStranded() -> Bool {
        guard let out = membership.mustRenew(at: .now) else { return false }
        log.logger.log(
            level: membership.isFirstRenewal ? .warning : .debug,
            "out of its group for \(out.components.seconds) s: leaves and joins anew with a fresh client",
            metadata: ["group": "\(settings.group)"])
        return true
    }

    func noteJoined() {
        ownership.assigned(at: .now)
        guard let end = membership.joined(at: .now) else { return }
        log.logger.notice(
            "in its group again after \(end.out.components.seconds) s and \(end.renewals) fresh client\(end.renewals == 1 ? "" : "s")",
            metadata: ["group": "\(settings.group)"])
    }

    func noteLeft() { membership.left(at: .now) }

    // MARK: Owners

    // The member that leads a group assigns the partitions that the group's coordinator knows at that moment. A broker that learns late of
    // a new topic leaves it out, and librdkafka only assigns again when the leader's own view of the topics changes, which may not happen:
    // the topic would have no reader until a member joins or leaves.

    /// Starts a check, on another thread, that every partition has an owner, if one is due.
    private func lookForOwners() {
        guard ownership.begin(at: .now) else { return }
        do throws(KafkaError) {
            try context.queries.enqueue("owners") { [questions = context.questions, state] in
                if let unowned = questions.unowned() { state.command(.unownedFound(unowned)) }
            }
        } catch {
            // No thread available, or the consumer is stopping.
            _ = ownership.found([], at: .now)
        }
    }

    /// Joins again, without leaving, if partitions had no owner at two checks in a row: when the group's leader does so, partitions are
    /// assigned again.
    private func claim(_ unowned: Set<TopicPartition>) {
        let lasting = ownership.found(unowned, at: .now)
        guard !lasting.isEmpty else { return }
        log.logger.warning(
            "partitions have no owner: joining again, so that they are assigned",
            metadata: [
                "group": "\(settings.group)", "count": "\(lasting.count)",
                "partitions": "\(lasting.prefix(10).map { "\($0.topic)[\($0.partition)]" }.joined(separator: " "))",
            ])
        // A cooperative member that repeats its subscription would do nothing.
        if isCooperative { rd_kafka_unsubscribe(rk) }
        let code = GroupClient.subscribe(rk, settings.subscription)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { context.failed(KafkaError("subscribe", code)) }
    }

    // MARK: The end

    /// Leaves the group; librdkafka calls for the revocation meanwhile. `false` if that took too long.
    func leave(within limit: Duration) -> Bool {
        guard let queue = rd_kafka_queue_new(rk) else { return false }
        defer { rd_kafka_queue_destroy(queue) }
        // The plain close call has no time limit, and in 2.0.2 it can wait for ever after partitions were lost.
        if let error = rd_kafka_consumer_close_queue(rk, queue) {
            log.log(KafkaError("close consumer", consuming: error))
            return false
        }
        let deadline = Deadline(after: limit)
        while rd_kafka_consumer_closed(rk) == 0 {
            if deadline.hasPassed {
                log.logger.warning("left the group without an answer from Kafka", metadata: ["group": "\(settings.group)"])
                return false
            }
            guard let event = rd_kafka_queue_poll(queue, 20) else { continue }
            if rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE {
                let partitions = PartitionList.partitions(of: rd_kafka_event_topic_partition_list(event))
                rebalance(rd_kafka_event_error(event), partitions)
            }
            rd_kafka_event_destroy(event)
        }
        return true
    }

    /// The time limit for Kafka's answer to a commit or to leaving, where another thread waits.
    static var answerLimit: Duration { .seconds(3) }
}
