package import Kafka
package import OCPI

/// A topic whose settings would lose data, or that cannot be made.
package struct TopicError: Error, Equatable, CustomStringConvertible {
    /// What is wrong; names the topic and the setting.
    package let description: String
}

/// Creates the node's topics and refuses ones that exist with settings that would lose data. Every process does this at start; it
/// changes nothing that is already right.
package struct TopicUpkeep: Sendable {
    let admin: KafkaAdmin
    let names: TopicNames
    let settings: TopicSettings

    /// - Parameters:
    ///   - admin: talks to the cluster.
    ///   - names: the node's topics.
    ///   - settings: partitions, replication, retention.
    package init(admin: KafkaAdmin, names: TopicNames, settings: TopicSettings) {
        self.admin = admin
        self.names = names
        self.settings = settings
    }

    /// Makes sure of the topics every node has.
    /// - Throws: ``TopicError``, or Kafka's error.
    package func ensureFixed() async throws {
        let missing = try await ensure(settings.fixedTopics(names))
        guard missing.isEmpty else {
            throw TopicError(
                description: "this in-memory Kafka has no \(missing.joined(separator: ", ")) and cannot create topics: "
                    + "start it with `ocn broker --prefix \(names.prefix)`")
        }
    }

    /// Makes sure of a service's outbox. Call it before the service becomes visible, so that no copy finds its topic missing.
    /// - Throws: ``TopicError``, or Kafka's error.
    package func ensureOutbox(of provider: PartyID) async throws {
        // An in-memory cluster that lacks it makes it, with four partitions, when the first copy asks for it.
        _ = try await ensure([settings.outboxTopic(names, provider)])
    }

    /// Partitions of `ocn.replies` as it really is.
    package func replyPartitions() async throws -> Int {
        let count = try await admin.listTopics()[names.replies] ?? 0
        guard count > 0 else { throw TopicError(description: "\(names.replies) does not exist") }
        return count
    }

    /// - Returns: topics that do not exist and cannot be created: the in-memory cluster has no CreateTopics.
    private func ensure(_ wanted: [NewTopic]) async throws -> [String] {
        let existing = try await admin.listTopics()
        let missing = wanted.filter { existing[$0.name] == nil }
        let isEmbedded = try await admin.isEmbedded()
        if !isEmbedded, !missing.isEmpty {
            for (name, failure) in try await admin.createTopics(missing) {
                guard let failure, !failure.isTopicExists else { continue }
                throw TopicError(description: "\(name) could not be created: \(failure)")
            }
        }
        let wantedByName = Dictionary(wanted.map { ($0.name, $0) }) { first, _ in first }
        let present = isEmbedded ? wanted.filter { existing[$0.name] != nil } : wanted
        let defects = try await admin.describeTopics(present.map(\.name)).flatMap { topic in
            wantedByName[topic.name].map { TopicSettings.defects(of: topic, wanted: $0) } ?? []
        }
        guard defects.isEmpty else { throw TopicError(description: defects.joined(separator: "; ")) }
        return isEmbedded ? missing.map(\.name) : []
    }
}
