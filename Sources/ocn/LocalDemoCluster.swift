import Demo
import Directory
import Encoding
import Kafka
import Logging
import Node
import Notary
import OCPI
import Synchronization
import Telemetry
import Testbed
import Topics

/// Two operators on this machine: an in-memory Kafka cluster and a node each, all in this process.
final class LocalDemoCluster: Sendable {
    private struct Operator {
        let cluster: EmbeddedCluster
        let configuration: NodeConfiguration
        var node: RunningNode?
    }

    private let operators = Mutex<[Operator]>([])
    private let metrics: PrometheusMetrics
    private let logger = Logger(label: "demo")

    init(metrics: PrometheusMetrics) {
        self.metrics = metrics
    }

    /// As the demo calls it.
    var starter: DemoClusterStarter {
        DemoClusterStarter(startClusters: startClusters, publish: publish, startNode: startNode, stop: stop)
    }

    private func startClusters(services: [PartyID]) async throws -> [DemoCluster] {
        try (1...2).map { number in
            let topics = TopicNames()
            let cluster = try EmbeddedBroker.start(names: topics, services: services, logger: logger)
            let configuration = try NodeConfiguration.local(number: number, bootstrap: cluster.bootstrap, ports: FreePorts.two())
            operators.withLock { $0.append(Operator(cluster: cluster, configuration: configuration)) }
            return DemoCluster(kafka: configuration.kafka.tunedForEmbeddedCluster, topics: topics)
        }
    }

    private func publish(_ changes: [FactChange], on node: Int) async throws {
        let configuration = try configuration(node)
        let shared = try await SharedResources.open(configuration, logger: logger)
        do throws(StateError) {
            try await shared.writer.write(changes)
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }

    private func startNode(_ index: Int) async throws -> DemoNode {
        let configuration = try configuration(index)
        let node = try await RunningNode.start(configuration, metrics: metrics, logger: Logger(label: configuration.instance))
        operators.withLock { $0[index].node = node }
        return DemoNode(
            publicURL: configuration.publicURL, adminURL: "http://127.0.0.1:\(configuration.privatePort)",
            adminToken: configuration.adminKey.raw, operatorAddress: configuration.key.address.hex)
    }

    private func stop() async {
        let all = operators.withLock { operators in
            defer { operators = [] }
            return operators
        }
        await withTaskGroup(of: Void.self) { group in
            for node in all.compactMap(\.node) { group.addTask { await node.stop() } }
        }
        for node in all { node.cluster.close() }
    }

    private func configuration(_ index: Int) throws -> NodeConfiguration {
        try operators.withLock { operators in
            guard operators.indices.contains(index) else { throw ConfigurationError(description: "there is no node \(index)") }
            return operators[index].configuration
        }
    }
}
