/// A right that a broker says our user lacks.
package struct MissingRight: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// What the right is about.
    package enum Resource: Sendable, Hashable {
        case topic(String)
        case group(String)
        case cluster
    }

    /// As `kafka-acls.sh` writes it, e.g. `Read`.
    package let operation: String
    /// What it is about.
    package let resource: Resource

    /// - Parameters: as the properties say.
    package init(_ operation: String, _ resource: Resource) {
        self.operation = operation
        self.resource = resource
    }

    /// What is not allowed, and how to allow it.
    package var description: String {
        let (what, option) =
            switch resource {
            case .topic(let name): ("the topic \(name)", "--topic \(name)")
            case .group(let name): ("the consumer group \(name)", "--group \(name)")
            case .cluster: ("the cluster", "--cluster")
            }
        return "this Kafka user lacks the right \(operation) on \(what): "
            + "kafka-acls.sh --add --allow-principal User:NAME --operation \(operation) \(option)"
    }

    /// By name, so that lists are stable.
    package static func < (left: MissingRight, right: MissingRight) -> Bool { left.description < right.description }
}
