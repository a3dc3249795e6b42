import Directory
import Foundation
import Kafka
import Logging
import Notary
import OCPI
import ServiceLifecycle
import Support
import Synchronization
import Telemetry
import Testing
import Topics

@testable import ocn

/// A node in this process, with a Kafka cluster of its own in memory.
final class ReferenceNode: Sendable {
    let configuration: NodeConfiguration
    private let cluster: EmbeddedCluster
    private let logger: Logger
    private let running = Mutex<(group: ServiceGroup, ended: Task<Void, any Error>)?>(nil)

    /// A node that does not run yet.
    /// - Parameters:
    ///   - services: who may get copies; the embedded cluster cannot make their topics later.
    ///   - adjust: what is different from a node for one machine.
    init(number: Int, services: [PartyID] = [], adjust: (inout NodeConfiguration) -> Void = { _ in }) throws {
        var logger = Logger(label: "node-\(number)")
        logger.logLevel = ProcessInfo.processInfo.environment["OCN_TEST_LOG"] == nil ? .critical : .debug
        self.logger = logger
        cluster = try EmbeddedBroker.start(names: TopicNames(), services: services, logger: logger)
        var configuration = try NodeConfiguration.local(number: number, bootstrap: cluster.bootstrap)
        // Many groups at once: asking less often leaves the processor to those who have something to do.
        configuration.kafka.properties["fetch.wait.max.ms"] = "10"
        adjust(&configuration)
        self.configuration = configuration
    }

    /// Base URL of the public listener.
    var url: String { configuration.publicURL }
    /// Base URL of the private listener.
    var adminURL: String { "http://127.0.0.1:\(configuration.privatePort)" }
    /// What the registry lists it by.
    var operatorAddress: String { configuration.key.address.hex }

    /// Writes facts into `ocn.state`, also while the node runs.
    func publish(_ changes: [Change]) async throws {
        let shared = try await SharedResources.open(configuration, logger: logger)
        do {
            try await shared.writer.write(changes)
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }

    /// Starts all roles; returns when the node is ready.
    func start() async throws {
        let (ready, signal) = AsyncStream<Void>.makeStream()
        let node = NodeService(configuration, metrics: PrometheusMetrics(), logger: logger) { signal.finish() }
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [.init(service: node)], logger: logger))
        // Outlives this call: the node runs until `stop`, which waits for the task.
        let ended = Task {
            defer { signal.finish() }
            try await group.run()
        }
        running.withLock { $0 = (group, ended) }
        for await _ in ready {}
        if !node.health.isReady { try await ended.value }
    }

    func stop() async {
        let life = running.withLock { running in
            defer { running = nil }
            return running
        }
        if let life {
            await life.group.triggerGracefulShutdown()
            _ = await life.ended.result
        }
        cluster.close()
    }

    /// A call to the operator's side.
    func admin(_ method: String, _ path: String, body: String? = nil) async throws -> (status: Int, body: String) {
        let answer = try await TestNode.call(
            method, adminURL + path, headers: [("Authorization", "Token \(configuration.adminKey.raw)")], body: body)
        return (answer.status, answer.body)
    }
}
