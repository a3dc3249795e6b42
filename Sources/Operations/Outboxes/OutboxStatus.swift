package import Directory
package import Encoding
import Kafka
package import OCPI

/// How one recipient's outbox stands.
package struct OutboxStatus: Sendable, Equatable {
    /// Whose outbox.
    package var recipient: PartyID
    /// How the service gets its copies; nil if none is published, any more or yet, and only the topic is there.
    package var delivery: ServiceDelivery?
    /// Per partition.
    package var partitions: [OutboxPartition]
    /// Kafka's time of the oldest record that waits; nil if none does.
    package var oldest: Timestamp?
    /// Records per second that the committed offsets moved by while they were watched; nil if they were not.
    package var rate: Double?
    /// What was ordered.
    package var order: OutboxOrder?
    /// Partitions on which the ordered rewind has not been carried out.
    package var pendingRewind: [Int32]
    /// Breakers that are not closed, as far as their workers still say so.
    package var breakers: [BreakerReport]
    /// Who sends what waits.
    package var workers: OutboxWorkers
    /// Who reads the topic; nil for a service that is called.
    package var readers: TopicReaders?

    /// What stands for ``delivery`` where there is none.
    package static var notPublished: String { "not published" }

    /// Records that PUSH has to send: none of a service that reads its topic by itself.
    package var backlog: Int64 { delivery == .topic ? 0 : partitions.reduce(0) { $0 + $1.waiting } }

    /// Records that Kafka deleted by age before they were sent.
    package var lost: Int64 { delivery == .topic ? 0 : partitions.reduce(0) { $0 + $1.lost } }

    /// Whether an operator paused it.
    package var isPaused: Bool { order?.isPaused ?? false }

    /// How it is getting on.
    package var state: OutboxState {
        if delivery == .topic { return .topic }
        if isPaused { return .paused }
        if workers.isNone { return .noWorker }
        if workers == .rebalancing { return .rebalancing }
        if breakers.contains(where: { $0.state == .open }) { return .breakerOpen }
        if !breakers.isEmpty { return .breakerHalfOpen }
        // What moved while it was watched was moved by somebody.
        if case .unknown = workers, rate ?? 0 <= 0 { return .unknown }
        return .sending
    }

    /// For programs.
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

/// Records per second between two looks at committed offsets. A group that went back counts as standing still.
func deliveryRate(from earlier: [TopicPartition: Int64], to later: [TopicPartition: Int64], within time: Duration) -> Double? {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    guard seconds > 0 else { return nil }
    let moved = later.reduce(Int64(0)) { sum, entry in
        guard entry.value >= 0, let before = earlier[entry.key] else { return sum }
        return sum + max(0, entry.value - max(0, before))
    }
    return Double(moved) / seconds
}
