import Encoding
import Kafka

/// What librdkafka says against properties that it takes one by one, but not together or not here: when it makes a client.
package enum RefusedProperties {
    /// How much of a value gives it away: librdkafka cuts long messages, and values with them.
    private static let telling = 12

    /// An error in words for whoever wrote `kafka.properties`, if it is about them; any other as it is.
    package static func explain(_ error: any Error, _ properties: [String: String]) -> any Error {
        guard let error = error as? KafkaError, error.isRefusedConfiguration, !properties.isEmpty else { return error }
        let reason = ForeignText.printable(withoutValues(error.reason, properties))
        return ConfigurationError([
            ConfigurationProblem(key: "kafka.properties", "kafka.properties: librdkafka refuses them: \(reason)")
        ])
    }

    /// The reason up to the first value that it holds: it may be secret.
    private static func withoutValues(_ reason: String, _ properties: [String: String]) -> String {
        let values = properties.values.filter { !["", "true", "false"].contains($0) && ($0.count > 3 || Int($0) == nil) }
        let starts = values.compactMap { reason.firstRange(of: $0.prefix(telling))?.lowerBound }
        guard let start = starts.min() else { return reason }
        return String(reason[..<start]) + "…"
    }
}
