import Synchronization

extension Producer {
    /// The most unacknowledged records of one call.
    private static let portion = 1000

    /// Sends records, in order per partition, and waits until all are acknowledged. Faster than single sends, which take a round trip each.
    /// Not cancellable, because sent records cannot be recalled.
    /// - Parameter availability: during an outage the call neither waits nor sends.
    /// - Throws: the first reported failure, once all reports of its portion have come; `away` in an outage. Other records may be in Kafka.
    package func send(
        _ records: some Collection<OutgoingRecord>, unlessAway availability: KafkaAvailability = KafkaAvailability()
    ) async throws(KafkaError) {
        var rest = records[...]
        while !rest.isEmpty {
            let portion = rest.prefix(Self.portion)
            let failure: KafkaError?? = await availability.answer { answer in
                let acknowledgements = Acknowledgements(of: portion.count) { answer($0) }
                for record in portion { send(record) { acknowledgements.add($0) } }
            }
            guard let failure else { throw .away }
            if let failure { throw failure }
            rest = rest.dropFirst(Self.portion)
        }
    }

    /// Sends one record and waits for its acknowledgement, or for the beginning of an outage. Not cancellable, because a sent record cannot
    /// be recalled.
    /// - Throws: why it was not acknowledged; `away` in an outage.
    package func send(_ record: OutgoingRecord, unlessAway availability: KafkaAvailability) async throws(KafkaError) -> RecordPosition {
        guard let result = await availability.answer({ answer in send(record) { answer($0) } }) else { throw .away }
        return try result.get()
    }
}

/// Counts the delivery reports of records that were sent together. Thread-safe.
private final class Acknowledgements: Sendable {
    private struct State {
        var left: Int
        var failure: KafkaError?
    }

    private let state: Mutex<State>
    private let done: @Sendable (KafkaError?) -> Void

    /// - Parameter done: called once with the first failure or nil, when every record has a report.
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
