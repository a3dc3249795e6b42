import CLibrdkafka
package import Logging
import Synchronization

/// Reads assigned partitions without a group, for state followers and replies. It has one client and one thread.
///
/// The owner must call `stop`, else the thread lives on. A stopped reader cannot be restarted.
package final class PartitionReader: Sendable {
    /// The start position.
    package enum Start: Sendable {
        /// The oldest record.
        case beginning
        /// Only records written after `start` has returned.
        case end
        /// The given offset, on every partition.
        case offset(Int64)
        /// An offset for each partition; the others are read from their beginning.
        case offsets([Int32: Int64])
    }

    private enum Phase {
        case idle, running, stopping, stopped
    }

    private struct Lifecycle {
        var phase = Phase.idle
        var client: ClientHandle?
        var hasThread = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let kafka: KafkaSettings
    private let partitions: [TopicPartition]
    private let beginning: Start
    private let readAheadKilobytes: Int
    private let log: ThrottledLog
    private let onBatch: @Sendable ([IncomingRecord]) -> Void
    private let onEnd: @Sendable (TopicPartition, Int64) -> Void
    private let onRestart: @Sendable (TopicPartition) -> Void
    private let onError: @Sendable (KafkaError) -> Void
    private let lifecycle = Mutex(Lifecycle())
    private let opening = BlockingThread("kafka-queries")

    /// - Parameters:
    ///   - kafka: its client id also names the thread.
    ///   - partitions: of any topics.
    ///   - readAheadKilobytes: the bound of the read-ahead, as ``GroupConsumer/Settings/readAheadKilobytes``.
    ///   - onBatch: receives records in partition order, at most 500. All callbacks run on the poll thread and must not block it.
    ///   - onEnd: reports that every record before `nextOffset` has been handed over; called each time the end is reached.
    ///   - onRestart: reports that a partition's position is no longer in the log, which was truncated or created again: it is read again
    ///     from its beginning.
    ///   - onError: reports an error, already logged; the reader continues by itself.
    package init(
        _ kafka: KafkaSettings, partitions: [TopicPartition], start: Start, readAheadKilobytes: Int = 32768, logger: Logger,
        onBatch: @escaping @Sendable ([IncomingRecord]) -> Void,
        onEnd: @escaping @Sendable (_ partition: TopicPartition, _ nextOffset: Int64) -> Void,
        onRestart: @escaping @Sendable (_ partition: TopicPartition) -> Void = { _ in },
        onError: @escaping @Sendable (KafkaError) -> Void = { _ in }
    ) {
        self.kafka = kafka
        self.partitions = partitions
        beginning = start
        self.readAheadKilobytes = readAheadKilobytes
        log = ThrottledLog(logger, kafka.logLimiter)
        self.onBatch = onBatch
        self.onEnd = onEnd
        self.onRestart = onRestart
        self.onError = onError
    }

    /// Like ``init(_:partitions:start:readAheadKilobytes:logger:onBatch:onEnd:onRestart:onError:)``, for one topic.
    package convenience init(
        _ kafka: KafkaSettings, topic: String, partitions: [Int32], start: Start, logger: Logger,
        onBatch: @escaping @Sendable ([IncomingRecord]) -> Void,
        onEnd: @escaping @Sendable (_ partition: Int32, _ nextOffset: Int64) -> Void,
        onRestart: @escaping @Sendable (_ partition: Int32) -> Void = { _ in },
        onError: @escaping @Sendable (KafkaError) -> Void = { _ in }
    ) {
        self.init(
            kafka, partitions: partitions.map { TopicPartition(topic: topic, partition: $0) }, start: start, logger: logger,
            onBatch: onBatch, onEnd: { onEnd($0.partition, $1) }, onRestart: { onRestart($0.partition) }, onError: onError)
    }

    /// Starts reading, after querying the first or end offsets of the partitions.
    /// - Parameter limit: the time limit for that query.
    /// - Throws: an error that names a property librdkafka refuses, one because Kafka did not answer, or one for a second start.
    package func start(within limit: Duration = .seconds(30)) async throws(KafkaError) {
        let isFirst = lifecycle.withLock { lifecycle in
            defer { if lifecycle.phase == .idle { lifecycle.phase = .running } }
            return lifecycle.phase == .idle
        }
        guard isFirst else {
            throw KafkaError("start reader", RD_KAFKA_RESP_ERR__STATE, reason: "a reader starts once", isRetriable: false)
        }
        kafka.questions.join()
        do throws(KafkaError) {
            try await opening.runUnlessCancelled("start reader") { () throws(KafkaError) in try self.open(within: limit) }
        } catch {
            // If the reader had just started, its thread ends and cleans up. Otherwise nothing has started, and nothing will.
            let hasThread = lifecycle.withLock { lifecycle in
                if lifecycle.phase == .running { lifecycle.phase = .stopping }
                return lifecycle.hasThread
            }
            await opening.stop()
            if !hasThread {
                await kafka.questions.leaveWithoutBlocking()
                finishStopping()
            }
            throw error
        }
    }

    /// The offset that a partition's next record will get. Blocks; not for event loops or async code.
    package func endOffset(_ partition: TopicPartition, timeout: Duration) throws(KafkaError) -> Int64 {
        guard isRunning else { throw KafkaError.closed("end offset") }
        return try kafka.questions.end(of: partition, timeout: timeout, kafka, log)
    }

    /// The offset that a partition's next record will get. Uses the query client, which never fetches; callers that arrive during a query
    /// share the next answer.
    package func latestOffset(_ partition: TopicPartition, timeout: Duration) async throws(KafkaError) -> Int64 {
        guard isRunning else { throw KafkaError.closed("end offset") }
        return try await kafka.questions.end(of: partition, timeout: timeout, kafka, log)
    }

    private var isRunning: Bool { lifecycle.withLock { $0.phase } == .running }

    /// Ends the thread; no callback runs after it returns.
    package func stop() async {
        await withCheckedContinuation { continuation in
            let (isStopped, client) = lifecycle.withLock { lifecycle -> (Bool, ClientHandle?) in
                switch lifecycle.phase {
                case .idle, .stopped:
                    lifecycle.phase = .stopped
                    return (true, nil)
                case .running, .stopping:
                    lifecycle.phase = .stopping
                    lifecycle.waiters.append(continuation)
                    return (false, lifecycle.client)
                }
            }
            if isStopped { return continuation.resume() }
            client?.use { rk in
                guard let queue = rd_kafka_queue_get_consumer(rk) else { return }
                rd_kafka_queue_yield(queue)
                rd_kafka_queue_destroy(queue)
            }
        }
        await opening.stop()
    }

    private func open(within limit: Duration) throws(KafkaError) {
        // librdkafka requires a group id for its poll call; no member joins or commits under it.
        var random = SystemRandomNumberGenerator()
        let group = "\(kafka.clientID)-reader-\(String(UInt64.random(in: .min ... .max, using: &random), radix: 36))"
        let ours = ["group.id": group, "enable.partition.eof": "true"]
        let configuration = ClientConfiguration.consumer(
            kafka, ours.merging(ClientConfiguration.readAhead(kilobytes: readAheadKilobytes)) { own, _ in own })
        let clientID = configuration.clientID
        let client = try ClientHandle(
            RD_KAFKA_CONSUMER, configuration,
            callbacks: ClientCallbacks(
                log: log, onError: onError,
                onStatistics: { [onStatistics = kafka.onStatistics] in onStatistics?(clientID, $0) }),
            isPolled: true)
        do throws(KafkaError) {
            // Queried also if the answer is not needed: librdkafka learns the leaders from it, which after an assignment it only does on a
            // timer, half a second later.
            let isFromEnd = if case .end = beginning { true } else { false }
            let edge = Int64(isFromEnd ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING)
            let edges = try edges(client, at: edge, within: limit)
            let starts = edges.reduce(into: [:]) { $0[$1.key] = start(of: $1.key, edge: $1.value) }
            let code = client.onOwnThread { rk in assign(rk, starts) }
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError("assign", code) }
            try lifecycle.withLock { lifecycle throws(KafkaError) in
                guard lifecycle.phase == .running else { throw KafkaError.closed("start reader") }
                lifecycle.client = client
                lifecycle.hasThread = true
            }
            try OSThread.start(kafka.clientID) { self.run(client, starts) }
        } catch {
            lifecycle.withLock { lifecycle in
                lifecycle.client = nil
                lifecycle.hasThread = false
            }
            client.destroy()
            throw error
        }
    }

    private func start(of partition: TopicPartition, edge: Int64) -> Int64 {
        switch beginning {
        case .beginning, .end: edge
        case .offset(let offset): max(0, offset)
        case .offsets(let offsets): offsets[partition.partition].map { max(0, $0) } ?? edge
        }
    }

    private func edges(_ client: ClientHandle, at edge: Int64, within limit: Duration) throws(KafkaError) -> [TopicPartition: Int64] {
        try Retry.until(Deadline(after: limit), "start reader") { milliseconds in
            guard isRunning else { return nil }
            return client.use { rk in OffsetRequests.edges(rk, partitions, at: edge, milliseconds: milliseconds) }
        }.get()
    }

    private func assign(_ rk: OpaquePointer, _ positions: [TopicPartition: Int64]) -> rd_kafka_resp_err_t {
        let starts = positions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: $1) }
        return PartitionList(starts).use { rd_kafka_assign(rk, $0) }
    }

    // MARK: the reader's thread

    private func run(_ client: ClientHandle, _ starts: [TopicPartition: Int64]) {
        let isClosed = client.onOwnThread { rk in
            poll(rk, starts)
            client.close()
            return close(rk)
        }
        client.destroy(flags: isClosed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        kafka.questions.leave()
        finishStopping()
    }

    private func poll(_ rk: OpaquePointer, _ starts: [TopicPartition: Int64]) {
        var reader = BatchReader(stopsAtEnd: true)
        var positions = starts
        while isRunning {
            let (records, interruption) = reader.next(rk, limit: 500, timeout: 100) { _, _ in 0 }
            for record in records { positions[record.topicPartition] = record.offset + 1 }
            if !records.isEmpty {
                onBatch(records)
                kafka.missingRights.granted("Read", on: Set(records.map(\.topic)))
            }
            switch interruption {
            case .end(let place, let nextOffset):
                positions[place] = nextOffset
                onEnd(place, nextOffset)
                kafka.missingRights.granted("Read", on: [place.topic])
            case .failed(let error, let place):
                // The reader joins no group, so it needs no right on one.
                guard error.unauthorized != .group else { break }
                kafka.missingRights.note(reading: error, topic: place?.topic, group: nil)
                failed(error)
                // The log was truncated or created again: the follower's state may be wrong, so it reads everything again.
                guard error.isOutOfRange, let place, positions[place] != nil else { break }
                log.log(.error, "restart", "reading \(place) again from its beginning")
                onRestart(place)
                positions[place] = Int64(RD_KAFKA_OFFSET_BEGINNING)
                let code = assign(rk, positions)
                if code != RD_KAFKA_RESP_ERR_NO_ERROR { failed(KafkaError("assign", code)) }
            case nil: break
            }
        }
    }

    private func failed(_ error: KafkaError) {
        log.log(error, metadata: ["topics": "\(Set(partitions.map(\.topic)).sorted().joined(separator: ","))"])
        onError(error)
    }

    private func close(_ rk: OpaquePointer) -> Bool {
        rd_kafka_assign(rk, nil)
        guard let queue = rd_kafka_queue_new(rk) else { return false }
        defer { rd_kafka_queue_destroy(queue) }
        if let error = rd_kafka_consumer_close_queue(rk, queue) {
            log.log(KafkaError("close reader", consuming: error))
            return false
        }
        let deadline = Deadline(after: .seconds(3))
        while rd_kafka_consumer_closed(rk) == 0, !deadline.hasPassed {
            if let event = rd_kafka_queue_poll(queue, 20) { rd_kafka_event_destroy(event) }
        }
        return rd_kafka_consumer_closed(rk) != 0
    }

    private func finishStopping() {
        let waiters = lifecycle.withLock { lifecycle in
            lifecycle.phase = .stopped
            lifecycle.client = nil
            defer { lifecycle.waiters = [] }
            return lifecycle.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
