package import Directory
import Kafka
package import OCPI
import Topics

/// Two operators, each with a Kafka cluster and a node. The program composes it; the scenario plays in it.
/// Nodes and clusters are counted 0 and 1. The order of calls: `startClusters`, `publish`, `startNode` (both at once), `publish`, `stop`.
package protocol DemoClusterStarter: Sendable {
    /// Starts both clusters with all fixed topics and, in each, the outboxes of `services`.
    func startClusters(services: [PartyID]) async throws -> [DemoCluster]
    /// Writes facts into a node's `ocn.state`, before its roles start as well as while they run. Returns when Kafka has them.
    func publish(_ changes: [FactChange], on node: Int) async throws
    /// Starts all roles of a node. Returns when it is ready: listeners open, group memberships settled.
    func startNode(_ index: Int) async throws -> DemoNode
    /// Stops whatever has been started, also after a failure. May be called twice.
    func stop() async
}
