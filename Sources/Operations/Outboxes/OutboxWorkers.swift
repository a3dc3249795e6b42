import Encoding
import Kafka

/// The processes that send an outbox, from Kafka's description of the group of PUSH.
package enum OutboxWorkers: Sendable, Equatable {
    /// Kafka gave no answer, for this reason.
    case unknown(String)
    /// The group is rebalancing.
    case rebalancing
    /// Number of processes that own partitions of the outbox, and the partitions without an owner.
    case known(count: Int, unowned: [Int32])

    /// - Parameters:
    ///   - group: the description of the group of PUSH.
    ///   - name: the group's name.
    ///   - places: the outbox's partitions.
    init(_ group: Result<GroupDescription, KafkaError>, named name: String, of places: [TopicPartition]) {
        switch group {
        case .failure(let error) where error.isUnauthorized:
            self = .unknown("this program may not ask about the group \(name); it needs the right Describe on it")
        case .failure(let error): self = .unknown(error.reason)
        case .success(let group) where group.state == .rebalancing: self = .rebalancing
        case .success(let group):
            let outbox = Set(places)
            let owned = group.members.map { outbox.intersection($0.partitions) }.filter { !$0.isEmpty }
            let unowned = owned.reduce(outbox) { $0.subtracting($1) }
            self = .known(count: owned.count, unowned: unowned.map(\.partition).sorted())
        }
    }

    /// Whether no process sends.
    var isNone: Bool {
        guard case .known(let count, _) = self else { return false }
        return count == 0
    }

    var json: JSONValue {
        switch self {
        case .unknown(let reason): ["known": false, "reason": .string(reason)]
        case .rebalancing: ["known": false, "reason": "the group is rebalancing"]
        case .known(let count, let unowned):
            ["known": true, "count": .int(count), "unowned_partitions": .array(unowned.map { .int($0) })]
        }
    }
}
