package import Kafka
package import OCPI

/// The faults of the node's topics at a moment. A value.
package struct TopicHealth: Sendable, Equatable {
    /// Topics that do not exist, or that this process may not see.
    package private(set) var missing: [String] = []
    /// Topics with partitions that can be neither read nor written, because no broker leads them.
    package private(set) var withoutLeader: [String] = []
    /// Topics with partitions that cannot be written, because fewer replicas are in sync than must be.
    package private(set) var underReplicated: [String] = []
    /// Topics that have fewer partitions than this process has seen, because they were deleted and created again. Partitions that this
    /// process reads may be gone.
    package private(set) var shrunken: [String] = []
    /// Topics without a writable partition.
    private var unusable: Set<String> = []

    /// - Parameters:
    ///   - wanted: the required topics.
    ///   - standings: all existing topics.
    ///   - seen: the number of partitions of each topic that this process has seen before.
    package init(of wanted: [NewTopic], in standings: [String: TopicStanding], seen: [String: Int] = [:]) {
        for topic in wanted {
            guard let standing = standings[topic.name], standing.partitions > 0 else {
                missing.append(topic.name)
                unusable.insert(topic.name)
                continue
            }
            if let before = seen[topic.name], standing.partitions < before {
                shrunken.append(topic.name)
                unusable.insert(topic.name)
            }
            let least = topic.config["min.insync.replicas"].flatMap { Int($0) } ?? 1
            if standing.withoutLeader == standing.partitions || standing.inSyncAtBest < least { unusable.insert(topic.name) }
            if standing.withoutLeader > 0 {
                withoutLeader.append(topic.name)
            } else if standing.inSync < least {
                underReplicated.append(topic.name)
            }
        }
    }

    /// Whether all topics exist and can be written.
    package var isGood: Bool { missing.isEmpty && withoutLeader.isEmpty && underReplicated.isEmpty && shrunken.isEmpty }

    /// Whether one of these topics cannot be written or read at all.
    package func isUnusable(_ topics: [String]) -> Bool { topics.contains(where: unusable.contains) }

    /// A description for people; empty without faults.
    package var description: String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("\(missing.joined(separator: ", ")) does not exist or may not be seen (DESCRIBE)") }
        if !withoutLeader.isEmpty { parts.append("\(withoutLeader.joined(separator: ", ")) has partitions without a leader") }
        if !underReplicated.isEmpty {
            parts.append("\(underReplicated.joined(separator: ", ")) has fewer replicas in sync than min.insync.replicas")
        }
        if !shrunken.isEmpty {
            parts.append("\(shrunken.joined(separator: ", ")) has fewer partitions than before: restart this process")
        }
        return parts.joined(separator: "; ")
    }
}

extension TopicProvisioner {
    /// The health of the node's topics. The required number of in-sync replicas is the topics' own setting, where that differs from this
    /// configuration.
    /// - Parameters:
    ///   - services: services that must have an outbox.
    ///   - seen: the number of partitions that the topics have had; updated by this call.
    ///   - limit: the time limit for each request.
    package func health(services: [PartyID], seen: inout [String: Int], within limit: Duration) async throws(KafkaError) -> TopicHealth {
        let wanted = settings.fixedTopics(names) + services.map { settings.outboxTopic(names, $0) }
        let standings = try await admin.topicStandings(within: limit)
        for topic in wanted { seen[topic.name] = max(seen[topic.name] ?? 0, standings[topic.name]?.partitions ?? 0) }
        let health = TopicHealth(of: wanted, in: standings, seen: seen)
        guard !health.underReplicated.isEmpty else { return health }
        let described: [TopicDescription]
        do throws(KafkaError) {
            described = try await admin.describeTopics(health.underReplicated, within: limit)
        } catch {
            // Without the right to describe topics, the configuration counts.
            guard error.isUnauthorized else { throw error }
            return health
        }
        let found = Dictionary(described.map { ($0.name, $0.config["min.insync.replicas"]) }) { first, _ in first }
        return TopicHealth(
            of: wanted.map { topic in
                guard let least = found[topic.name] else { return topic }
                var topic = topic
                topic.config["min.insync.replicas"] = least
                return topic
            }, in: standings, seen: seen)
    }

    /// Creates missing topics again if that loses nothing: their records are gone, and no process holds them in memory. `ocn.state` and
    /// `ocn.links`, whose contents the running processes still hold, are left to an operator.
    /// - Returns: the created topics.
    /// - Throws: ``TopicError``, or Kafka's error.
    package func recreate(_ missing: [String], services: [PartyID]) async throws -> [String] {
        let known = settings.fixedTopics(names).filter { $0.name != names.state && $0.name != names.links }
        let wanted = (known + services.map { settings.outboxTopic(names, $0) }).filter { missing.contains($0.name) }
        guard !wanted.isEmpty, try await !admin.isEmbedded() else { return [] }
        var made: [String] = []
        for (name, failure) in try await admin.createTopics(wanted) {
            if let failure, !failure.isTopicExists { throw TopicError(description: "\(name) could not be created again: \(failure)") }
            if failure == nil { made.append(name) }
        }
        return made.sorted()
    }
}
