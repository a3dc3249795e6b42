import Encoding
import Kafka

/// The groups that read an outbox that its service reads itself.
package enum TopicReaders: Sendable, Equatable {
    /// The groups, and the number of groups that gave no answer or may not be described.
    case known([TopicReader], unanswered: Int)
    /// Kafka gave no answer, for this reason.
    case unknown(String)

    /// The known groups.
    package var groups: [TopicReader] {
        guard case .known(let groups, _) = self else { return [] }
        return groups
    }

    var json: JSONValue {
        switch self {
        case .known(let groups, let unanswered):
            ["known": true, "groups": .array(groups.map(\.json)), "unanswered": .int(unanswered)]
        case .unknown(let reason): ["known": false, "reason": .string(reason)]
        }
    }
}
