import Encoding
import Kafka

/// Who reads an outbox that its service reads by itself.
package enum TopicReaders: Sendable, Equatable {
    /// These groups; those of them that are not ours to see, or did not answer, are only counted.
    case known([TopicReader], unanswered: Int)
    /// Kafka does not say, for this reason.
    case unknown(String)

    /// Those that are known.
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
