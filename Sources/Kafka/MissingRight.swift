/// A right that this process's Kafka user lacks, according to a broker.
package struct MissingRight: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The resource that the right covers.
    package enum Resource: Sendable, Hashable {
        case topic(String)
        case group(String)
        case cluster
    }

    /// The operation as `kafka-acls.sh` writes it, e.g. `Read`.
    package let operation: String
    /// The resource.
    package let resource: Resource

    package init(_ operation: String, _ resource: Resource) {
        self.operation = operation
        self.resource = resource
    }

    /// The forbidden operation, and how to allow it.
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

    /// Compares by description, so that lists are stable.
    package static func < (left: MissingRight, right: MissingRight) -> Bool { left.description < right.description }
}
