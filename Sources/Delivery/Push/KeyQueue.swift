import DequeModule
import Kafka

/// Identifies the key queue of one object of one recipient. An object's records are in one partition; in a shared topic the key also names
/// the recipient.
struct QueueID: Hashable, Sendable {
    enum Name: Hashable, Sendable {
        case key(String)
        case single(Int64)
    }

    let partition: TopicPartition
    let epoch: UInt64
    let name: Name

    init<Payload>(_ pending: PendingRecord<Payload>) {
        partition = pending.partition
        epoch = pending.epoch
        name = pending.key.map(Name.key) ?? .single(pending.offset)
    }
}

extension DeliveryScheduler {
    enum Phase: Equatable, Sendable {
        case idle, ready, running
        case waiting(stamp: UInt64)
    }

    struct KeyQueue: Sendable {
        var queue = Deque<PendingRecord<Payload>>()
        var phase = Phase.idle
        var attempts = 0
        /// Number of delays in a row since the recipient last answered. It is kept when the head changes.
        var failures = 0
        var last = LastAttempt()
        var deadLetter: DeadLetterRequest?
        /// The head has expired. It becomes a dead letter without a call, so the breaker is not asked.
        var isHeadExpired = false

        /// Whether the second record replaces the head.
        var isHeadReplaced: Bool {
            guard let first = queue.first, let second = queue.dropFirst().first else { return false }
            return second.supersession?.replaces(first.supersession) ?? false
        }

        /// The head was sent and remains in the queue.
        mutating func tried(_ attempt: LastAttempt) {
            attempts += 1
            last = attempt
        }

        /// The head is a different record from now on.
        mutating func forgetAttempts() {
            attempts = 0
            last = LastAttempt()
            deadLetter = nil
            isHeadExpired = false
        }
    }

    /// The key queues of one partition and what they hold.
    struct PartitionQueues: Sendable {
        let epoch: UInt64
        var scheduler: [QueueID.Name: KeyQueue] = [:]
        var bytes = 0
        var records = 0
        var isPaused = false
    }
}
