import Directory
import Foundation
import Kafka
import Logging
import Notary
import OCPI
import Support
import Synchronization
import Telemetry
import Testbed
import Testing
import Topics

@testable import Node

/// A node in this process, with its own in-memory Kafka cluster, or with its own topics in the real one of `OCN_TEST_KAFKA`.
final class ReferenceNode: Sendable {
    let configuration: NodeConfiguration
    /// This node's in-memory Kafka, for faults; nil for a real one.
    let cluster: EmbeddedCluster?
    private let services: [PartyID]
    private let logger: Logger
    private let running = Mutex<RunningNode?>(nil)

    /// A node that does not run yet.
    /// - Parameters:
    ///   - services: the services that may get copies; the embedded cluster cannot create their topics later.
    ///   - breaksKafka: whether the test causes faults in Kafka, which then is in memory whatever `OCN_TEST_KAFKA` says.
    ///   - adjust: changes to the configuration for one machine.
    init(
        number: Int, services: [PartyID] = [], breaksKafka: Bool = false, adjust: (inout NodeConfiguration) -> Void = { _ in }
    ) async throws {
        var logger = Logger(label: "node-\(number)")
        logger.logLevel = ProcessInfo.processInfo.environment["OCN_TEST_LOG"] == nil ? .critical : .debug
        self.logger = logger
        self.services = services
        var configuration: NodeConfiguration
        if let real = TestKafka.realCluster, !breaksKafka {
            cluster = nil
            configuration = try NodeConfiguration.local(number: number, bootstrap: real, ports: FreePorts.two())
            configuration.topics = TopicNames(prefix: "t\(UInt32.random(in: .min ... .max)).")
            configuration.topicSettings.replication = try await TestKafka.replication
        } else {
            let embedded = try EmbeddedBroker.start(names: TopicNames(), services: services, logger: logger)
            cluster = embedded
            configuration = try NodeConfiguration.local(number: number, bootstrap: embedded.bootstrap, ports: FreePorts.two())
        }
        // There are many groups at once: fewer polls leave the cores to those with work.
        configuration.kafka.properties["fetch.wait.max.ms"] = "10"
        adjust(&configuration)
        self.configuration = configuration
    }

    /// Base URL of the public listener.
    var url: String { configuration.publicURL }
    /// Base URL of the private listener.
    var adminURL: String { "http://127.0.0.1:\(configuration.privatePort)" }
    /// The operator address in the registry.
    var operatorAddress: String { configuration.key.address.hex }

    /// Writes facts into `ocn.state`, before the node runs or while it does.
    func publish(_ changes: [FactChange]) async throws { try await publish { _ in changes } }

    /// Writes facts that are derived from the current ones.
    func publish(_ changes: (Directory) throws -> [FactChange]) async throws {
        let shared = try await SharedResources.open(configuration, logger: logger)
        do {
            try await shared.writer.write(try changes(shared.store.directory))
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }

    /// Starts all roles; returns when the node is ready.
    func start() async throws {
        if cluster == nil { try await createOutboxes() }
        let node = try await RunningNode.start(configuration, metrics: PrometheusMetrics(), logger: logger)
        running.withLock { $0 = node }
    }

    /// Creates outboxes on a cluster that can create topics later, before PUSH joins, so that it need not wait until it notices them.
    private func createOutboxes() async throws {
        let admin = try KafkaAdmin(configuration.kafka, logger: logger)
        let outboxes = services.map { configuration.topicSettings.outboxTopic(configuration.topics, $0) }
        let results = try await admin.createTopics(outboxes)
        await admin.close()
        for case let failure? in results.values where !failure.isTopicExists { throw failure }
    }

    func stop() async {
        await running.withLock { $0.take() }?.stop()
        cluster?.close()
    }

    /// Calls the admin API.
    func admin(_ method: String, _ path: String, body: String? = nil) async throws -> (status: Int, body: String) {
        let answer = try await TestNode.call(
            method, adminURL + path, headers: [("Authorization", "Token \(configuration.adminKey.raw)")], body: body)
        return (answer.status, answer.body)
    }
}
