import DequeModule
import Kafka

/// One ordering object of one recipient: an object stands in one partition, and the keys of a shared topic name the recipient.
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
        /// How often in a row it had to wait since the recipient answered; it outlives the record.
        var failures = 0
        var last = LastAttempt()
        var deadLetter: DeadLetterRequest?
        /// The head's horizon has passed: nobody is called for it, so no breaker is asked.
        var isOver = false

        /// Whether the record behind the first one makes it unnecessary.
        var isHeadReplaced: Bool {
            guard let first = queue.first, let second = queue.dropFirst().first else { return false }
            return second.supersession?.replaces(first.supersession) ?? false
        }

        /// The head was sent, and stays.
        mutating func tried(_ attempt: LastAttempt) {
            attempts += 1
            last = attempt
        }

        /// The head is another record from now on.
        mutating func forgetAttempts() {
            attempts = 0
            last = LastAttempt()
            deadLetter = nil
            isOver = false
        }
    }

    /// What is held of one partition.
    struct PartitionQueues: Sendable {
        let epoch: UInt64
        var scheduler: [QueueID.Name: KeyQueue] = [:]
        var bytes = 0
        var records = 0
        var isPaused = false
    }
}
