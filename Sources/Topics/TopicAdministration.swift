package import Kafka
import OCPI

/// The admin operations that topic maintenance needs.
package protocol TopicAdministration: Sendable {
    /// All topics that this user may see, with their number of partitions.
    func listTopics() async throws(KafkaError) -> [String: Int]
    /// Partitions and settings of the existing ones among the topics; `limit` applies to each of the two requests.
    func describeTopics(_ names: [String], within limit: Duration) async throws(KafkaError) -> [TopicDescription]
    /// Creates topics, each with a result of its own.
    func createTopics(_ topics: [NewTopic]) async throws(KafkaError) -> [String: KafkaError?]
    /// All topics that this user may see, with their state.
    func topicStandings(within limit: Duration) async throws(KafkaError) -> [String: TopicStanding]
    /// Whether a topic that is not listed may exist.
    func mayBeHidden(_ topic: String) async throws(KafkaError) -> Bool
    /// Whether the cluster is the in-memory one, on which topics cannot be created and have no settings.
    func isEmbedded() async throws(KafkaError) -> Bool
}

extension TopicAdministration {
    /// Like ``listTopics()``, but retries for two seconds while wanted topics are missing: another process may have just created them.
    package func listTopics(with wanted: [String]) async throws -> [String: Int] {
        let deadline = ContinuousClock.now + .seconds(2)
        while true {
            let found = try await listTopics()
            if wanted.allSatisfy({ found[$0] != nil }) || ContinuousClock.now >= deadline { return found }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
