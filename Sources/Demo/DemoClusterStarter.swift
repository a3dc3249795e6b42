package import Directory
package import Kafka
package import OCPI
package import Topics

/// The Kafka cluster of one operator.
package struct DemoCluster: Sendable {
    /// How to reach it.
    package let kafka: KafkaSettings
    /// The names of the node's topics in it.
    package let topics: TopicNames

    /// - Parameters: as the properties say.
    package init(kafka: KafkaSettings, topics: TopicNames) {
        self.kafka = kafka
        self.topics = topics
    }
}

/// What the demo knows of a running node.
package struct DemoNode: Sendable {
    /// Base URL of the public listener, without a trailing slash.
    package let publicURL: String
    /// Base URL of the private listener, without a trailing slash.
    package let adminURL: String
    /// Token of the admin API.
    package let adminToken: String
    /// Ethereum address of the node's key, as the registry lists it.
    package let operatorAddress: String

    /// - Parameters: as the properties say.
    package init(publicURL: String, adminURL: String, adminToken: String, operatorAddress: String) {
        self.publicURL = publicURL
        self.adminURL = adminURL
        self.adminToken = adminToken
        self.operatorAddress = operatorAddress
    }
}

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

/// How to run and show the demo.
package struct DemoOptions: Sendable {
    /// One JSON object per line instead of text.
    package var json: Bool
    /// After a scenario that went well, leave everything up until the task is cancelled or told to shut down gracefully.
    package var keepRunning: Bool
    /// Colours in the text.
    package var color: Bool

    /// - Parameters: as the properties say.
    package init(json: Bool = false, keepRunning: Bool = false, color: Bool = false) {
        self.json = json
        self.keepRunning = keepRunning
        self.color = color
    }
}

/// How the scenario went.
package struct DemoResult: Sendable, Equatable {
    /// Whether every step held and no copy went out without permission.
    package let ok: Bool
    /// Step 1 to 8: whether it held. A step that was not reached did not.
    package let steps: [Int: Bool]
    /// What failed, in words; nil if nothing did.
    package let reason: String?
    /// Requests that the billing service received from senders that had not agreed.
    package let copiesWithoutPermission: Int
    /// From the start of the clusters to the last check.
    package let seconds: Double
}

/// An expectation of the scenario that did not hold.
package struct DemoFailure: Error, CustomStringConvertible {
    /// 1 to 8; 0 while things start.
    package let step: Int
    /// What was expected and what was found.
    package let reason: String

    /// - Parameters: as the properties say.
    package init(step: Int, reason: String) {
        self.step = step
        self.reason = reason
    }

    package var description: String { step == 0 ? "start: \(reason)" : "step \(step): \(reason)" }
}
