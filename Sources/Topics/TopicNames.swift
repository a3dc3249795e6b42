package import OCPI

/// The names of a node's topics.
///
/// The prefix (default `ocn.`) lets several nodes share a Kafka cluster. Everything else about the names is fixed, so that a service
/// can be told "read `ocn.outbox.DE-BIL`".
package struct TopicNames: Sendable, Hashable {
    /// What every name begins with; letters, digits, `.`, `_`, `-`.
    package let prefix: String

    /// - Parameter prefix: what every topic and consumer group name begins with.
    package init(prefix: String = "ocn.") {
        self.prefix = prefix
    }

    /// Every OCPI request that the node accepted, before anything is done with it.
    package var requests: String { prefix + "requests" }
    /// Answers on their way back to the ingress process that waits for them.
    package var replies: String { prefix + "replies" }
    /// What the hub itself pushes to parties.
    package var announce: String { prefix + "announce" }
    /// Copies that cannot be delivered, with the cause.
    package var dead: String { prefix + "dead" }
    /// The node's shared memory: platforms, parties, agreements. Compacted, one partition.
    package var state: String { prefix + "state" }
    /// What hub URLs stand for when they cannot carry it themselves. Compacted, one partition.
    package var links: String { prefix + "links" }
    /// One partition; owning it permits a claim to lead.
    package var control: String { prefix + "control" }

    /// A service's own topic of copies, e.g. `ocn.outbox.DE-BIL`.
    package func outbox(_ recipient: PartyID) -> String {
        outboxPrefix + recipient.canonical.description
    }

    /// librdkafka's regular expression for all outboxes of this node.
    package var outboxPattern: String {
        var pattern = "^"
        for character in outboxPrefix {
            if character == "." { pattern += "\\." } else { pattern.append(character) }
        }
        return pattern + "[A-Z0-9]+-[A-Z0-9]+$"
    }

    /// The service whose outbox this topic is, or nil if it is none.
    package func recipient(ofOutbox topic: String) -> PartyID? {
        guard topic.hasPrefix(outboxPrefix) else { return nil }
        return PartyID(topic.dropFirst(outboxPrefix.count))
    }

    /// A consumer group's name, e.g. `ocn.exchange`.
    package func group(_ role: String) -> String { prefix + role }

    private var outboxPrefix: String { prefix + "outbox." }
}
