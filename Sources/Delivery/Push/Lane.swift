import DequeModule
import Kafka

/// One ordering object of one recipient: an object stands in one partition, and the keys of a shared topic name the recipient.
struct LaneID: Hashable, Sendable {
    enum Name: Hashable, Sendable {
        case key(String)
        case single(Int64)
    }

    let partition: TopicPartition
    let epoch: UInt64
    let name: Name

    init<Cargo>(_ parcel: Parcel<Cargo>) {
        partition = parcel.partition
        epoch = parcel.epoch
        name = parcel.key.map(Name.key) ?? .single(parcel.offset)
    }
}

extension Lanes {
    enum Phase: Equatable, Sendable {
        case idle, ready, running
        case waiting(stamp: UInt64)
    }

    struct Lane: Sendable {
        var queue = Deque<Parcel<Cargo>>()
        var phase = Phase.idle
        var attempts = 0
        /// How often in a row it had to wait since the recipient answered; it outlives the record.
        var failures = 0
        var last = LastAttempt()
        var burial: Burial?
        /// The head's horizon has passed: nobody is called for it, so no breaker is asked.
        var isOver = false

        /// Whether the record behind the first one makes it unnecessary.
        var isHeadReplaced: Bool {
            guard let first = queue.first, let second = queue.dropFirst().first else { return false }
            return second.news?.replaces(first.news) ?? false
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
            burial = nil
            isOver = false
        }
    }

    /// What is held of one partition.
    struct Shelf: Sendable {
        let epoch: UInt64
        var lanes: [LaneID.Name: Lane] = [:]
        var bytes = 0
        var records = 0
        var isPaused = false
    }
}
