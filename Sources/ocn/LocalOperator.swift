import Directory
import Glibc
import Kafka
import Logging
import Node
import Notary
import OCPI
import Testbed
import Topics

/// Prepares a node on this machine whose processes are configured by their environment.
struct LocalOperator {
    let logger: Logger

    /// As the testbed calls it.
    var nodeOperator: NodeOperator { NodeOperator(prepare: prepare, cleanUp: cleanUp) }

    private func prepare(_ site: Site) async throws -> PreparedNode {
        let adminKey = Token.generate()
        var environment = [
            "OCN_NODE_URL": site.publicURL, "OCN_NODE_NAME": "Node under test", "OCN_NODE_KEY": SigningKey.generate().secretHex,
            "OCN_NODE_SECRET": Token.generate().raw, "OCN_NODE_ADMIN_KEY": adminKey.raw, "OCN_HTTP_PUBLIC_HOST": "127.0.0.1",
            "OCN_HTTP_ALLOW_NETWORKS": "127.0.0.0/8", "OCN_HTTP_REQUEST_TIMEOUT_SECONDS": "5", "OCN_KAFKA_BOOTSTRAP": site.bootstrap,
            "OCN_KAFKA_PREFIX": site.prefix,
            // A run lasts seconds, so retries must be fast.
            "OCN_PUSH_BACKOFF_BASE_MS": "100", "OCN_PUSH_BACKOFF_CAP_MS": "1000",
        ]
        let tuned = [
            "OCN_PUSH_RECIPIENT_CONCURRENCY": site.tuning.pushConcurrency,
            "OCN_EXCHANGE_RECIPIENT_CONCURRENCY": site.tuning.exchangeConcurrency,
            "OCN_KAFKA_OUTBOX_PARTITIONS": site.tuning.outboxPartitions,
        ]
        for (name, value) in tuned { environment[name] = value.map { "\($0)" } }
        let properties = getenv("OCN_KAFKA_PROPERTIES").map { ["OCN_KAFKA_PROPERTIES": String(cString: $0)] } ?? [:]
        var configuration = try NodeConfiguration([.environment(environment.merging(properties) { own, _ in own })])
        configuration.topicSettings.replication = try await replication(configuration)
        environment["OCN_KAFKA_REPLICATION"] = "\(configuration.topicSettings.replication)"
        let shared = try await SharedResources.open(configuration, logger: logger)
        do {
            for service in site.services { try await shared.topicProvisioner.ensureOutbox(of: service) }
            let address = configuration.key.address.hex
            let node = Fact.node(NetworkNode(operatorAddress: address, url: site.publicURL, isVerbatim: true, source: "state"))
            try await shared.writer.write(([node] + site.registry(address)).map(FactChange.put))
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
        return PreparedNode(environment: environment, adminToken: adminKey.raw, kafka: shared.kafka, topics: configuration.topics)
    }

    /// The replication factor for this Kafka. This is the first request to it.
    private func replication(_ configuration: NodeConfiguration) async throws -> Int {
        do {
            return try await KafkaAdmin.with(configuration.kafka, logger: logger) { admin in
                do throws(KafkaError) {
                    return try await admin.usualReplication()
                } catch {
                    throw ConfigurationError(
                        description: "Kafka at \(configuration.kafka.bootstrap) does not answer: \(admin.lastTrouble ?? error.reason). "
                            + "Check --brokers, and kafka.properties in the environment (OCN_KAFKA_PROPERTIES).")
                }
            }
        } catch {
            throw RefusedProperties.explain(error, configuration.kafka.properties)
        }
    }

    private func cleanUp(_ node: PreparedNode) async throws {
        try await KafkaAdmin.with(node.kafka, logger: logger) { admin in
            let topics = try await admin.listTopics().keys.filter { $0.hasPrefix(node.topics.prefix) }
            _ = try await admin.deleteTopics(topics)
        }
    }
}
