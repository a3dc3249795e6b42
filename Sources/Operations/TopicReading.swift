import Kafka
import Logging
import Synchronization

/// Reads parts of a topic once, on its own thread.
struct TopicReading: Sendable {
    /// How to continue after a record.
    enum Next {
        case goOn
        /// Ends reading of this partition.
        case leavePartition
        /// Ends reading.
        case stop
    }

    let kafka: KafkaSettings
    let topic: String
    let logger: Logger

    /// Timeout without any answer of Kafka.
    private static let maximumWait = Duration.seconds(30)

    /// Reads the existing offsets in `spans`, in order per partition.
    /// - Parameters:
    ///   - progress: called about once a second with the number of offsets read and the total.
    ///   - each: called on the reader's thread; must not block.
    /// - Throws: if Kafka does not answer for 30 s, or at once if it refuses.
    func read(
        _ spans: [Int32: Range<Int64>], progress: @escaping @Sendable (_ done: Int64, _ total: Int64) -> Void = { _, _ in },
        each: @escaping @Sendable (IncomingRecord) -> Next
    ) async throws {
        let spans = spans.filter { !$0.value.isEmpty }
        guard !spans.isEmpty else { return }
        let readProgress = ReadProgress(spans)
        let reader = PartitionReader(
            kafka, topic: topic, partitions: spans.keys.sorted(), start: .offsets(spans.mapValues(\.lowerBound)), logger: logger,
            onBatch: { readProgress.take($0, each) }, onEnd: { partition, _ in readProgress.leave(partition) },
            onError: { readProgress.failed($0) })
        try await reader.start()
        do {
            try await wait(for: readProgress, progress)
        } catch {
            await reader.stop()
            throw error
        }
        await reader.stop()
    }

    private func wait(for readProgress: ReadProgress, _ progress: @escaping @Sendable (Int64, Int64) -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await readProgress.complete() }
            group.addTask {
                var last = readProgress.done
                var since = ContinuousClock.now
                while true {
                    try await Task.sleep(for: .seconds(1))
                    let done = readProgress.done
                    progress(done, readProgress.total)
                    if done != last {
                        last = done
                        since = .now
                    } else if ContinuousClock.now - since > Self.maximumWait {
                        let reason = readProgress.lastError.map { ": \($0)" } ?? ""
                        throw OutboxError("Kafka sends nothing of \(topic) any more\(reason). Check kafka.bootstrap and the brokers.")
                    }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// The progress of reading. Thread-safe.
private final class ReadProgress: Sendable {
    private struct State {
        var positions: [Int32: Int64]
        /// Partitions that are not finished.
        var open: Set<Int32>
        var lastError: KafkaError?
    }

    let total: Int64
    private let spans: [Int32: Range<Int64>]
    private let state: Mutex<State>
    private let end = AsyncStream<Never>.makeStream()

    init(_ spans: [Int32: Range<Int64>]) {
        self.spans = spans
        total = spans.values.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        state = Mutex(State(positions: spans.mapValues(\.lowerBound), open: Set(spans.keys)))
    }

    var done: Int64 {
        state.withLock { state in
            state.positions.reduce(0) { $0 + ($1.value - (spans[$1.key]?.lowerBound ?? $1.value)) }
        }
    }

    var lastError: KafkaError? { state.withLock { $0.lastError } }

    /// Called only on the reader's thread.
    func take(_ batch: [IncomingRecord], _ each: (IncomingRecord) -> TopicReading.Next) {
        for record in batch {
            guard let span = spans[record.partition] else { continue }
            // A reader that lost its position starts the partition again.
            let isWanted = state.withLock { state in
                guard state.open.contains(record.partition), let position = state.positions[record.partition], record.offset >= position
                else { return false }
                state.positions[record.partition] = min(record.offset + 1, span.upperBound)
                return span.contains(record.offset)
            }
            switch isWanted ? each(record) : .goOn {
            case .goOn: if record.offset + 1 >= span.upperBound { leave(record.partition) }
            case .leavePartition: leave(record.partition)
            case .stop: return leaveAll()
            }
        }
    }

    func leave(_ partition: Int32) {
        let isComplete = state.withLock { state in
            state.open.remove(partition)
            state.positions[partition] = spans[partition]?.upperBound
            return state.open.isEmpty
        }
        if isComplete { end.continuation.finish() }
    }

    private func leaveAll() {
        state.withLock { $0.open = [] }
        end.continuation.finish()
    }

    func failed(_ error: KafkaError) { state.withLock { $0.lastError = error } }

    func complete() async { for await _ in end.stream {} }
}
