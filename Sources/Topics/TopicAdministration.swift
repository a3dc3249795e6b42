package import Kafka
import OCPI

/// The cluster as topics are looked after.
package protocol TopicAdministration: Sendable {
    /// All topics that we may see, with their number of partitions.
    func listTopics() async throws(KafkaError) -> [String: Int]
    /// Partitions and settings of those of the topics that exist; `limit` for each of the two questions.
    func describeTopics(_ names: [String], within limit: Duration) async throws(KafkaError) -> [TopicDescription]
    /// Creates topics, each by itself.
    func createTopics(_ topics: [NewTopic]) async throws(KafkaError) -> [String: KafkaError?]
    /// All topics that we may see, and how they stand.
    func topicStandings(within limit: Duration) async throws(KafkaError) -> [String: TopicStanding]
    /// Whether a topic that is not listed may stand all the same.
    func mayBeHidden(_ topic: String) async throws(KafkaError) -> Bool
    /// Whether topics cannot be created this way, and have no settings.
    func isEmbedded() async throws(KafkaError) -> Bool
}

extension TopicAdministration {
    /// As `listTopics`; brokers that do not tell of a topic are asked again for two seconds: another one may have just made it.
    package func listTopics(with wanted: [String]) async throws -> [String: Int] {
        let deadline = ContinuousClock.now + .seconds(2)
        while true {
            let found = try await listTopics()
            if wanted.allSatisfy({ found[$0] != nil }) || ContinuousClock.now >= deadline { return found }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
