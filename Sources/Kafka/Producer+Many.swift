import Synchronization

extension Producer {
    /// Most records of one call that wait for their acknowledgements at a time.
    private static let portion = 1000

    /// Sends records, those of a partition in this order, and waits until all are acknowledged: for many, where waiting for each would take
    /// as many round trips. Not cancellable: they are on their way.
    /// - Throws: the first failure that was reported, once all of its portion are; others may be in Kafka.
    package func send(_ records: some Collection<OutgoingRecord>) async throws(KafkaError) {
        var rest = records[...]
        while !rest.isEmpty {
            let portion = rest.prefix(Self.portion)
            let failure: KafkaError? = await withCheckedContinuation { continuation in
                let acknowledgements = Acknowledgements(of: portion.count) { continuation.resume(returning: $0) }
                for record in portion { send(record) { acknowledgements.add($0) } }
            }
            if let failure { throw failure }
            rest = rest.dropFirst(Self.portion)
        }
    }
}

/// Counts what Kafka says to records that were sent together. Thread-safe.
private final class Acknowledgements: Sendable {
    private struct State {
        var left: Int
        var failure: KafkaError?
    }

    private let state: Mutex<State>
    private let done: @Sendable (KafkaError?) -> Void

    /// - Parameter done: told, once there is one for each, the first failure, or nil.
    init(of count: Int, done: @escaping @Sendable (KafkaError?) -> Void) {
        state = Mutex(State(left: count))
        self.done = done
    }

    func add(_ result: Result<RecordPosition, KafkaError>) {
        let (isLast, failure) = state.withLock { state in
            if case .failure(let error) = result, state.failure == nil { state.failure = error }
            state.left -= 1
            return (state.left == 0, state.failure)
        }
        if isLast { done(failure) }
    }
}
