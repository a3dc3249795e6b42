package import Directory
package import Encoding
import Kafka
package import OCPI

/// The status of one recipient's outbox.
package struct OutboxStatus: Sendable, Equatable {
    /// The recipient.
    package var recipient: PartyID
    /// How the service gets its copies; nil if it is not published, so that only the topic exists.
    package var delivery: ServiceDelivery?
    /// Progress by partition.
    package var partitions: [OutboxPartition]
    /// Kafka's time of the oldest waiting record; nil if there is none.
    package var oldest: Timestamp?
    /// Records per second by which the committed offsets advanced while they were sampled; nil if they were not.
    package var rate: Double?
    /// The order of an operator.
    package var order: OutboxOrder?
    /// Partitions on which the ordered rewind is not yet carried out.
    package var pendingRewind: [Int32]
    /// Breakers that are not closed, from reports that are not outdated.
    package var breakers: [BreakerReport]
    /// The processes that send the records.
    package var workers: OutboxWorkers
    /// The groups that read the topic; nil for a service that PUSH calls.
    package var readers: TopicReaders?

    /// The text for a missing ``delivery``.
    package static var notPublished: String { "not published" }

    /// Number of records that PUSH must send; 0 for a service that reads its topic itself.
    package var backlog: Int64 { delivery == .topic ? 0 : partitions.reduce(0) { $0 + $1.waiting } }

    /// Number of records that Kafka deleted by age before they were sent.
    package var lost: Int64 { delivery == .topic ? 0 : partitions.reduce(0) { $0 + $1.lost } }

    /// Whether an operator paused it.
    package var isPaused: Bool { order?.isPaused ?? false }

    /// The delivery state.
    package var state: OutboxState {
        if delivery == .topic { return .topic }
        if isPaused { return .paused }
        if workers.isNone { return .noWorker }
        if workers == .rebalancing { return .rebalancing }
        if breakers.contains(where: { $0.state == .open }) { return .breakerOpen }
        if !breakers.isEmpty { return .breakerHalfOpen }
        // Offsets that advanced prove that a process sends.
        if case .unknown = workers, rate ?? 0 <= 0 { return .unknown }
        return .sending
    }

    /// The JSON output.
    package func json(now: Timestamp) -> JSONValue {
        .object([
            "recipient": .string(recipient.description), "delivery": .string(delivery?.rawValue ?? Self.notPublished),
            "state": .string(state.rawValue), "workers": delivery == .topic ? nil : workers.json, "readers": readers?.json,
            "paused": .bool(isPaused), "backlog": .number(String(backlog)), "lost": .number(String(lost)),
            "oldest": oldest.map { .string($0.description) },
            "oldest_age_seconds": oldest.map { .number(String(max(0, now.milliseconds - $0.milliseconds) / 1000)) },
            "rate": rate.map { .number(String($0)) },
            "rewind": order?.rewind.map { rewind in
                [
                    "id": .string(rewind.id), "to": .string(rewind.to.description),
                    "pending_partitions": .array(pendingRewind.map { .number(String($0)) }),
                ]
            },
            "breakers": .array(
                breakers.map {
                    ["worker": .string($0.worker), "state": .string($0.state.rawValue), "since": .string($0.since.description)]
                }
            ),
            "partitions": .array(partitions.map(\.json)),
        ])
    }
}

/// Records per second between two samples of committed offsets. A group whose offsets went back counts as 0.
func deliveryRate(from earlier: [TopicPartition: Int64], to later: [TopicPartition: Int64], within time: Duration) -> Double? {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    guard seconds > 0 else { return nil }
    let moved = later.reduce(Int64(0)) { sum, entry in
        guard entry.value >= 0, let before = earlier[entry.key] else { return sum }
        return sum + max(0, entry.value - max(0, before))
    }
    return Double(moved) / seconds
}
