package import Encoding
package import Kafka
package import Logging
import NIOCore
package import Topics

/// Writes facts to `ocn.state`.
///
/// A write returns when this process's own follower has applied it, so that the writer reads its own writes. A write with an unknown
/// outcome is repeated: facts are whole records, so writing one twice changes nothing. Thread-safe.
package final class StateWriter: Sendable {
    private let producer: Producer
    private let topics: TopicNames
    private let store: StateStore
    private let failures: ThrottledLog
    private let timeout: Duration
    private let availability: KafkaAvailability

    /// - Parameters:
    ///   - producer: sends the records.
    ///   - topics: the node's topics.
    ///   - store: this process's follower.
    ///   - logger: receives a line for each repeat.
    ///   - timeout: how long a write is repeated, and how long reading it back may then take.
    ///   - availability: during an outage writes fail at once.
    package init(
        producer: Producer, topics: TopicNames, store: StateStore, logger: Logger, timeout: Duration = StateWriter.maximumWait,
        availability: KafkaAvailability = KafkaAvailability()
    ) {
        self.producer = producer
        self.topics = topics
        self.store = store
        failures = ThrottledLog(logger)
        self.timeout = timeout
        self.availability = availability
    }

    /// The default time for which a write is repeated; its records should have no longer delivery timeout.
    package static let maximumWait = Duration.seconds(10)

    /// Writes the changes, in order.
    ///
    /// They are not a transaction: another reader may see only some of them. Put the record that makes the others effective last: it is
    /// sent after Kafka has the others.
    /// - Throws: if Kafka did not accept them or the follower did not read them in time; they may still take effect.
    package func write(_ changes: [FactChange]) async throws(StateError) {
        let deadline = ContinuousClock.now + timeout
        var attempt = 1
        while true {
            let next: Int64?
            let mark = store.mark
            do throws(KafkaError) {
                next = try await send(changes)
            } catch {
                guard availability.outage == nil else {
                    throw StateError(description: "Kafka cannot be used at the moment; the changes may not have been written")
                }
                guard error.isRetriable, ContinuousClock.now < deadline else {
                    throw StateError(description: "Kafka refused the write to ocn.state: \(error)")
                }
                attempt += 1
                failures.log(.warning, "repeat", "repeating a write to ocn.state: \(error)", metadata: ["attempt": "\(attempt)"])
                continue
            }
            let isRead =
                if let next { await store.wait(for: next, since: mark, timeout: timeout) } else { await store.catchUp(timeout: timeout) }
            guard isRead else {
                throw StateError(
                    description:
                        "Kafka has the write to ocn.state, but it was not read back in time; check this process's connection to Kafka")
            }
            return
        }
    }

    /// Sends a change without waiting, for reports that are renewed, or at shutdown.
    /// - Parameter done: called on the producer's thread when Kafka has the change, with Kafka's append time if known; also called with nil
    ///   if the change was lost.
    package func post(_ change: FactChange, done: @escaping @Sendable (Timestamp?) -> Void = { _ in }) {
        producer.send(record(change, writeID: UUIDText.v7())) { result in
            let position = try? result.get()
            done(position?.appended.map(Timestamp.init(milliseconds:)))
        }
    }

    /// Sends changes in order. The last one is sent when all others are acknowledged.
    /// - Returns: the offset after the last one; nil if Kafka did not report it.
    private func send(_ changes: [FactChange]) async throws(KafkaError) -> Int64? {
        let writeID = UUIDText.v7()
        guard let last = changes.last else { return 0 }
        try await producer.send(changes.dropLast().lazy.map { self.record($0, writeID: writeID) }, unlessAway: availability)
        let offset = try await producer.send(record(last, writeID: writeID), unlessAway: availability).offset
        return offset < 0 ? nil : offset + 1
    }

    private func record(_ change: FactChange, writeID: String) -> OutgoingRecord {
        var headers = RecordHeaders()
        headers.append("ce_id", writeID)
        let value: ByteBuffer? =
            switch change {
            case .put(let fact): fact.json.encoded()
            case .delete: nil
            }
        return OutgoingRecord(topic: topics.state, partition: 0, key: change.key, value: value, headers: headers)
    }
}
