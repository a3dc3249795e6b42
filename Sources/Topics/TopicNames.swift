package import OCPI

/// The names of a node's topics.
///
/// The prefix (default `ocn.`) lets several nodes share a Kafka cluster. Everything else about the names is fixed, so that the operator of
/// a service can rely on `ocn.outbox.DE-BIL`.
package struct TopicNames: Sendable, Hashable {
    /// The prefix of every name; letters, digits, `.`, `_`, `-`.
    package let prefix: String

    /// - Parameter prefix: the prefix of every topic and consumer group name.
    package init(prefix: String = "ocn.") {
        self.prefix = prefix
    }

    /// Every accepted OCPI request, before it is processed.
    package var requests: String { prefix + "requests" }
    /// Answers to the ingress process that waits for them.
    package var replies: String { prefix + "replies" }
    /// Announcements: requests of the hub to parties and other nodes.
    package var announce: String { prefix + "announce" }
    /// Dead letters: copies that cannot be delivered, with the cause.
    package var dead: String { prefix + "dead" }
    /// The node's shared state: platforms, parties, agreements. Compacted, one partition.
    package var state: String { prefix + "state" }
    /// The targets of hub URLs that do not contain them. Compacted, one partition.
    package var links: String { prefix + "links" }
    /// One partition; its owner may claim to be the leader.
    package var control: String { prefix + "control" }

    /// A service's outbox topic, e.g. `ocn.outbox.DE-BIL`.
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

    /// The service of an outbox topic; nil for other topics.
    package func recipient(ofOutbox topic: String) -> PartyID? {
        guard topic.hasPrefix(outboxPrefix) else { return nil }
        return PartyID(topic.dropFirst(outboxPrefix.count))
    }

    /// A consumer group's name, e.g. `ocn.exchange`.
    package func group(_ role: String) -> String { prefix + role }

    private var outboxPrefix: String { prefix + "outbox." }
}
