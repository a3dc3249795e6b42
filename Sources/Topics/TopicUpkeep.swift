package import Kafka
package import OCPI

extension KafkaAdmin: TopicAdministration {}

/// Creates the node's topics and refuses ones that exist with settings that would lose data. Every process does this at start; it
/// changes nothing that exists.
package struct TopicUpkeep: Sendable {
    let admin: any TopicAdministration
    let names: TopicNames
    let settings: TopicSettings

    /// - Parameters:
    ///   - admin: talks to the cluster.
    ///   - names: the node's topics.
    ///   - settings: partitions, replication, retention.
    package init(admin: any TopicAdministration, names: TopicNames, settings: TopicSettings) {
        self.admin = admin
        self.names = names
        self.settings = settings
    }

    /// Makes sure of the topics every node has, and of the outboxes that there are.
    /// - Returns: what is not as the configuration says and works all the same, in words.
    /// - Throws: ``TopicError``, or Kafka's error.
    package func ensureFixed() async throws -> [String] {
        let existing = try await admin.listTopics()
        let outboxes = existing.keys.compactMap(names.recipient(ofOutbox:)).sorted().map { settings.outboxTopic(names, $0) }
        let (missing, check) = try await ensure(settings.fixedTopics(names), existing, beside: outboxes)
        guard missing.isEmpty else {
            throw TopicError(
                description: "this in-memory Kafka has no \(missing.joined(separator: ", ")) and cannot create topics: "
                    + "start it with `ocn broker --prefix \(names.prefix)`")
        }
        return check.warnings
    }

    /// Makes sure that the topics every node has are there, and creates none: for commands that work with what a node has left.
    /// - Throws: ``TopicError``, or Kafka's error.
    package func requireFixed() async throws {
        let wanted = settings.fixedTopics(names).map(\.name)
        let existing = try await admin.listTopics(with: wanted)
        let missing = wanted.filter { existing[$0] == nil }
        if let first = missing.first, try await admin.mayBeHidden(first) {
            throw TopicError(description: "\(missing.joined(separator: ", ")) cannot be seen: \(MissingRight("Describe", .topic(first)))")
        }
        guard missing.isEmpty else {
            throw TopicError(
                description:
                    "this Kafka has no \(missing.joined(separator: ", ")), and this command creates no topics. Check kafka.bootstrap "
                    + "and kafka.prefix (\(names.prefix)). The topics of a new node are made by its first `ocn node` or `ocn registry "
                    + "add-node`.")
        }
    }

    /// Makes sure of a service's outbox. Call it before the service becomes visible, so that no copy finds its topic missing.
    /// - Throws: ``TopicError``, or Kafka's error.
    package func ensureOutbox(of provider: PartyID) async throws {
        // An in-memory cluster that lacks it makes it, with four partitions, when the first copy asks for it.
        _ = try await ensure([settings.outboxTopic(names, provider)], try await admin.listTopics())
    }

    /// Partitions of `ocn.replies` as it really is.
    package func replyPartitions() async throws -> Int {
        let count = try await admin.listTopics(with: [names.replies])[names.replies] ?? 0
        guard count > 0 else { throw TopicError(description: "\(names.replies) does not exist") }
        return count
    }

    /// - Parameters:
    ///   - wanted: topics that are created if they are missing.
    ///   - existing: those that there are.
    ///   - others: topics that exist and are looked at as well.
    /// - Returns: topics that do not exist and cannot be created, since the in-memory cluster has no CreateTopics; and how the others are.
    private func ensure(
        _ wanted: [NewTopic], _ existing: [String: Int], beside others: [NewTopic] = []
    ) async throws -> (missing: [String], TopicCheck) {
        let missing = wanted.filter { existing[$0.name] == nil }
        let isEmbedded = try await admin.isEmbedded()
        if !isEmbedded, !missing.isEmpty { try await create(missing) }
        let present = (isEmbedded ? wanted.filter { existing[$0.name] != nil } : wanted) + others
        let wantedByName = Dictionary(present.map { ($0.name, $0) }) { first, _ in first }
        var check = TopicCheck(names)
        for topic in try await describe(present.map(\.name)) {
            if let wanted = wantedByName[topic.name] { check.add(topic, wanted: wanted) }
        }
        guard check.defects.isEmpty else { throw TopicError(description: check.defects.joined(separator: "; ")) }
        return (isEmbedded ? missing.map(\.name) : [], check)
    }

    private func create(_ topics: [NewTopic]) async throws {
        let failures: [String: KafkaError]
        do throws(KafkaError) {
            failures = try await admin.createTopics(topics).compactMapValues { $0 }.filter { !$0.value.isTopicExists }
        } catch {
            guard error.isUnauthorized else { throw error }
            failures = Dictionary(topics.map { ($0.name, error) }) { first, _ in first }
        }
        // Most fail for one reason.
        guard let (_, failure) = failures.min(by: { $0.key < $1.key }) else { return }
        let names = failures.filter { $0.value.code == failure.code }.keys.sorted().joined(separator: ", ")
        throw TopicError(description: "\(names) could not be created: \(reason(failure))")
    }

    private func describe(_ topics: [String]) async throws -> [TopicDescription] {
        do throws(KafkaError) {
            return try await admin.describeTopics(topics, within: .seconds(30))
        } catch {
            guard error.isUnauthorized else { throw error }
            throw TopicError(description: "the settings of the topics cannot be checked (\(error.operation)): \(reason(error))")
        }
    }

    private func reason(_ failure: KafkaError) -> String {
        if failure.isUnauthorized {
            return "this Kafka user lacks a right (\(failure.name)). It needs Create, Describe and DescribeConfigs on the node's topics: "
                + "kafka-acls.sh --add --allow-principal User:NAME --operation Create --operation Describe --operation DescribeConfigs "
                + "--topic \(names.prefix) --resource-pattern-type prefixed. The user is set in kafka.properties"
        }
        if failure.isTooManyReplicas {
            return "kafka.replication is \(settings.replication), which is more than this Kafka has brokers: \(failure.reason)"
        }
        if failure.isAgainstPolicy { return "a policy of this Kafka is against it: \(failure.reason)" }
        return failure.description
    }
}
