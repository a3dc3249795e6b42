package import Directory
import Kafka
package import OCPI
import Topics

/// Starts two operators, each with a Kafka cluster and a node. The program implements it; the scenario uses it. Nodes and clusters have the
/// indices 0 and 1. The order of calls is `startClusters`, `publish`, `startNode` (both in parallel), `publish`, `stop`.
package protocol DemoClusterStarter: Sendable {
    /// Starts both clusters with all fixed topics and, in each, the outboxes of `services`.
    func startClusters(services: [PartyID]) async throws -> [DemoCluster]
    /// Writes facts into a node's `ocn.state`, before or after its roles start. Returns when Kafka has acknowledged them.
    func publish(_ changes: [FactChange], on node: Int) async throws
    /// Starts all roles of a node. Returns when it is ready: it listens, and its group memberships are settled.
    func startNode(_ index: Int) async throws -> DemoNode
    /// Stops everything that was started, also after a failure. May be called twice.
    func stop() async
}
