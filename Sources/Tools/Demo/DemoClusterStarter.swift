package import Directory
import Kafka
package import OCPI
import Topics

/// Two operators, each with a Kafka cluster and a node. The program composes it; the scenario plays in it.
/// Nodes and clusters are counted 0 and 1. The order of calls: `startClusters`, `publish`, `startNode` (both at once), `publish`, `stop`.
package struct DemoClusterStarter: Sendable {
    /// Starts both clusters with all fixed topics and, in each, the outboxes of these services.
    let startClusters: @Sendable (_ services: [PartyID]) async throws -> [DemoCluster]
    /// Writes facts into a node's `ocn.state`, before its roles start as well as while they run. Returns when Kafka has them.
    let publish: @Sendable (_ changes: [FactChange], _ node: Int) async throws -> Void
    /// Starts all roles of a node. Returns when it is ready: listeners open, group memberships settled.
    let startNode: @Sendable (_ index: Int) async throws -> DemoNode
    /// Stops whatever has been started, also after a failure. May be called twice.
    let stop: @Sendable () async -> Void

    /// - Parameters: as the properties say.
    package init(
        startClusters: @escaping @Sendable (_ services: [PartyID]) async throws -> [DemoCluster],
        publish: @escaping @Sendable (_ changes: [FactChange], _ node: Int) async throws -> Void,
        startNode: @escaping @Sendable (_ index: Int) async throws -> DemoNode, stop: @escaping @Sendable () async -> Void
    ) {
        self.startClusters = startClusters
        self.publish = publish
        self.startNode = startNode
        self.stop = stop
    }
}
