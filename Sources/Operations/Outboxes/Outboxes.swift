package import Directory
package import Encoding
package import Kafka
package import Logging
package import OCPI
package import Topics

/// The outboxes of a node: their status, and orders that PUSH carries out.
///
/// A group's offsets can only be changed by its members, so an order is a record in `ocn.state` that the owner of a partition carries out.
package struct Outboxes: Sendable {
    private let kafka: KafkaSettings
    private let topics: TopicNames
    private let admin: KafkaAdmin
    private let store: StateStore
    private let writer: StateWriter
    private let logger: Logger

    /// Number of outboxes whose oldest record is read in parallel.
    private static let readers = 8

    /// - Parameters:
    ///   - kafka: connection to the cluster.
    ///   - topics: the node's topics.
    ///   - admin: reads offsets. The caller closes it.
    ///   - store: this process's follower, started.
    ///   - writer: writes orders.
    ///   - logger: for the log lines of the Kafka client.
    package init(
        kafka: KafkaSettings, topics: TopicNames, admin: KafkaAdmin, store: StateStore, writer: StateWriter, logger: Logger
    ) {
        self.kafka = kafka
        self.topics = topics
        self.admin = admin
        self.store = store
        self.writer = writer
        self.logger = logger
    }

    // MARK: Status

    /// All outboxes, by recipient.
    /// - Parameters:
    ///   - recipient: limits the list to this recipient.
    ///   - sample: how long the committed offsets are sampled for the rate; zero for no rate.
    ///   - readerGroups: the groups that may read topics of services; empty for all groups in Kafka.
    package func list(
        _ recipient: PartyID? = nil, sample: Duration, readerGroups: [String] = []
    ) async throws -> [OutboxStatus] {
        let counts = try await partitionCounts(recipient)
        let places = counts.reduce(into: [:]) { $0[$1.key] = partitions(of: $1.key, $1.value) }
        let all = places.values.flatMap(\.self)
        let began = ContinuousClock.now
        let earlier = try await committed(all)
        let logs = try await admin.watermarks(of: all)
        let directory = store.directory
        let now = Timestamp.now
        var found = places.map { recipient, places in
            OutboxStatus(
                recipient: recipient, delivery: directory.service(recipient)?.delivery,
                partitions: places.map { place in
                    OutboxPartition(partition: place.partition, log: logs[place] ?? 0..<0, committed: earlier[place])
                }, order: directory.outboxOrder(of: recipient), pendingRewind: pending(of: recipient, places.count, in: directory),
                breakers: directory.breakers(of: recipient).filter { !$0.isOutdated(now: now) }, workers: .unknown("nobody was asked"))
        }.sorted { $0.recipient < $1.recipient }
        // Both are queried while the committed offsets are being sampled.
        let waiting = found.filter { $0.backlog > 0 }
        async let ages = oldest(waiting)
        let groups = GroupQuestions(topics: topics, admin: admin)
        let pushGroup = await groups.pushGroup()
        let readable = Set(found.filter { $0.delivery == .topic }.map { topics.outbox($0.recipient) })
        let readers = await groups.readers(of: logs.filter { readable.contains($0.key.topic) }, named: readerGroups)
        let oldest = try await ages
        for index in found.indices {
            let recipient = found[index].recipient
            found[index].workers = OutboxWorkers(pushGroup, named: topics.group("push"), of: places[recipient] ?? [])
            found[index].readers = readers[topics.outbox(recipient)]
            found[index].oldest = oldest[recipient]
        }
        guard sample > .zero else { return found }
        try await Task.sleep(until: began + sample)
        let later = try await committed(all)
        let time = ContinuousClock.now - began
        for index in found.indices {
            let own = Set(places[found[index].recipient] ?? [])
            found[index].rate = deliveryRate(
                from: earlier.filter { own.contains($0.key) }.mapValues(\.offset),
                to: later.filter { own.contains($0.key) }.mapValues(\.offset), within: time)
        }
        return found
    }

    private func oldest(_ waiting: [OutboxStatus]) async throws -> [PartyID: Timestamp] {
        try await withThrowingTaskGroup(of: (PartyID, Timestamp?).self) { group in
            var found: [PartyID: Timestamp] = [:]
            for (number, status) in waiting.enumerated() {
                if number >= Self.readers, let (recipient, time) = try await group.next() { found[recipient] = time }
                group.addTask { (status.recipient, try await oldest(status)) }
            }
            for try await (recipient, time) in group { found[recipient] = time }
            return found
        }
    }

    /// The time of the oldest waiting record, from the first one of each partition.
    private func oldest(_ status: OutboxStatus) async throws -> Timestamp? {
        let spans = status.partitions.filter { $0.waiting > 0 }.reduce(into: [:]) { $0[$1.partition] = $1.behind }
        let oldest = Shared(Int64.max)
        try await TopicReading(kafka: kafka, topic: topics.outbox(status.recipient), logger: logger).read(spans) { record in
            if record.timestamp >= 0 { oldest.change { $0 = min($0, record.timestamp) } }
            return .leavePartition
        }
        return oldest.value == .max ? nil : Timestamp(milliseconds: oldest.value)
    }

    // MARK: Orders

    /// Orders PUSH to pause or resume an outbox.
    /// - Returns: whether the order changed anything.
    /// - Throws: if there is no such outbox, or PUSH does not send it.
    package func setPaused(_ recipient: PartyID, _ isPaused: Bool) async throws -> Bool {
        _ = try await partitionCount(recipient)
        try await catchUp()
        let existing = store.directory.outboxOrder(of: recipient)
        guard (existing?.isPaused ?? false) != isPaused else { return false }
        try await writer.write([.put(.outbox(OutboxOrder(recipient: recipient, isPaused: isPaused, rewind: existing?.rewind)))])
        return true
    }

    /// What a rewind would do at the moment.
    /// - Throws: if there is no such outbox, PUSH does not send it, or this Kafka cannot find records by time.
    package func plan(_ recipient: PartyID, to time: Timestamp) async throws -> RewindPlan {
        let places = partitions(of: recipient, try await partitionCount(recipient))
        guard try await !admin.isEmbedded() else {
            throw OutboxError(
                "this is the in-memory Kafka of `ocn broker`, which finds no records by time (it answers -1): rewind needs Apache Kafka")
        }
        let committed = try await committed(places)
        let logs = try await admin.watermarks(of: places)
        let found = try await admin.offsets(of: places, from: time.milliseconds)
        return RewindPlan(
            recipient: recipient.canonical, to: time,
            steps: places.map { place in
                RewindPlan.Step(
                    place: OutboxPartition(partition: place.partition, log: logs[place] ?? 0..<0, committed: committed[place]),
                    found: found[place].flatMap { $0 })
            })
    }

    /// Orders a planned rewind. It replaces an earlier one, even if that was not yet carried out.
    package func rewind(_ plan: RewindPlan) async throws -> OutboxOrder.Rewind {
        try await catchUp()
        let rewind = OutboxOrder.Rewind(id: UUIDText.v7(), to: plan.to)
        let isPaused = store.directory.outboxOrder(of: plan.recipient)?.isPaused ?? false
        try await writer.write([.put(.outbox(OutboxOrder(recipient: plan.recipient, isPaused: isPaused, rewind: rewind)))])
        return rewind
    }

    /// Waits until a rewind was carried out on all partitions.
    /// - Returns: the partitions on which it was not carried out in time.
    /// - Throws: if another order replaced it.
    package func wait(for rewind: OutboxOrder.Rewind, _ plan: RewindPlan, timeout: Duration) async throws -> [Int32] {
        let deadline = ContinuousClock.now + timeout
        while true {
            let directory = store.directory
            guard directory.outboxOrder(of: plan.recipient)?.rewind?.id == rewind.id else {
                throw OutboxError("another rewind of \(plan.recipient) was ordered meanwhile and takes the place of this one")
            }
            let open = plan.steps.map(\.place.partition).filter {
                directory.rewindDone(of: plan.recipient, partition: $0) != rewind.id
            }
            guard !open.isEmpty, await store.wait(for: directory.version + 1, timeout: max(.zero, deadline - .now))
            else { return open }
        }
    }

    // MARK: Topics and offsets

    /// The outboxes and their numbers of partitions.
    private func partitionCounts(_ recipient: PartyID?) async throws -> [PartyID: Int] {
        let services = store.directory.services.map(\.provider).filter { recipient == nil || recipient == $0 }
        let existing = try await admin.listTopics(with: services.map(topics.outbox))
        var counts: [PartyID: Int] = [:]
        for (topic, count) in existing {
            guard let owner = topics.recipient(ofOutbox: topic), recipient == nil || recipient == owner else { continue }
            counts[owner] = count
        }
        // Without this check, an outbox that the program may not describe would look like a missing one.
        for outbox in services.map(topics.outbox) {
            guard existing[outbox] == nil, try await admin.mayBeHidden(outbox) else { continue }
            throw OutboxError("\(outbox) cannot be seen: \(MissingRight("Describe", .topic(outbox)))")
        }
        guard let recipient, counts.isEmpty else { return counts }
        let others = Set(existing.keys.compactMap(topics.recipient(ofOutbox:))).sorted().map(\.description).joined(separator: ", ")
        throw OutboxError("\(recipient) has no outbox (\(topics.outbox(recipient))); there are: \(others.isEmpty ? "none" : others)")
    }

    /// Number of partitions of an outbox that PUSH sends.
    private func partitionCount(_ recipient: PartyID) async throws -> Int {
        let count = try await partitionCounts(recipient)[recipient] ?? 0
        guard store.directory.service(recipient)?.delivery != .topic else {
            throw OutboxError("\(recipient) reads \(topics.outbox(recipient)) by itself: it can stop, or set its own group's offsets")
        }
        return count
    }

    private func partitions(of recipient: PartyID, _ count: Int) -> [TopicPartition] {
        (0..<Int32(clamping: count)).map { TopicPartition(topic: topics.outbox(recipient), partition: $0) }
    }

    private func committed(_ places: [TopicPartition]) async throws -> [TopicPartition: CommitOffset] {
        let offsets = try await admin.committedOffsets(of: topics.group("push"), places)
        return Dictionary(offsets.map { ($0.topicPartition, $0) }) { first, _ in first }
    }

    private func pending(of recipient: PartyID, _ count: Int, in directory: Directory) -> [Int32] {
        guard let rewind = directory.outboxOrder(of: recipient)?.rewind else { return [] }
        return (0..<Int32(clamping: count)).filter { directory.rewindDone(of: recipient, partition: $0) != rewind.id }
    }

    private func catchUp() async throws {
        guard await store.catchUp(timeout: .seconds(10)) else {
            throw OutboxError("\(topics.state) could not be read to its end within 10 s; nothing was ordered. Is Kafka overloaded?")
        }
    }
}
