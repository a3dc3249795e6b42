package import Kafka
package import OCPI

extension KafkaAdmin: TopicAdministration {}

/// Creates the node's topics, and refuses existing ones whose settings would lose data. Every process does this at start; existing topics
/// are not changed.
package struct TopicProvisioner: Sendable {
    let admin: any TopicAdministration
    let names: TopicNames
    let settings: TopicSettings

    /// - Parameters:
    ///   - admin: the admin client.
    ///   - names: the node's topics.
    ///   - settings: partitions, replication, retention.
    package init(admin: any TopicAdministration, names: TopicNames, settings: TopicSettings) {
        self.admin = admin
        self.names = names
        self.settings = settings
    }

    /// Creates the fixed topics that are missing, and checks them and the existing outboxes.
    /// - Returns: differences from the configuration that do not prevent operation, as texts.
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

    /// Checks that the fixed topics exist, and creates none: for commands that work on a node's existing data.
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

    /// Creates a service's outbox if it is missing. Must be called before the service becomes visible, so that no copy finds its topic
    /// missing.
    /// - Throws: ``TopicError``, or Kafka's error.
    package func ensureOutbox(of provider: PartyID) async throws {
        // An in-memory cluster creates a missing topic, with four partitions, when the first copy is sent to it.
        _ = try await ensure([settings.outboxTopic(names, provider)], try await admin.listTopics())
    }

    /// The actual number of partitions of `ocn.replies`.
    package func replyPartitions() async throws -> Int {
        let count = try await admin.listTopics(with: [names.replies])[names.replies] ?? 0
        guard count > 0 else { throw TopicError(description: "\(names.replies) does not exist") }
        return count
    }

    /// - Parameters:
    ///   - wanted: topics that are created if they are missing.
    ///   - existing: the existing topics.
    ///   - others: existing topics that are only checked.
    /// - Returns: missing topics that cannot be created, because the in-memory cluster has no CreateTopics; and the check of the others.
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
        // Most fail for the same reason, so one is enough.
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
