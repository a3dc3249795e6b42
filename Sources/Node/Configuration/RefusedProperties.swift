import Encoding
import Kafka

/// Explains librdkafka's errors about properties that are valid by themselves but not together, which occur when a client is created.
package enum RefusedProperties {
    /// Minimum length of a value's prefix that counts as the value: librdkafka truncates long messages.
    private static let prefixLength = 12

    /// The error as a problem of `kafka.properties` if it concerns them; any other error unchanged.
    package static func explain(_ error: any Error, _ properties: [String: String]) -> any Error {
        guard let error = error as? KafkaError, error.isRefusedConfiguration, !properties.isEmpty else { return error }
        let reason = ForeignText.printable(withoutValues(error.reason, properties))
        return ConfigurationError([
            ConfigurationProblem(key: "kafka.properties", "kafka.properties: librdkafka refuses them: \(reason)")
        ])
    }

    /// The reason up to the first property value in it, which may be secret.
    private static func withoutValues(_ reason: String, _ properties: [String: String]) -> String {
        let values = properties.values.filter { !["", "true", "false"].contains($0) && ($0.count > 3 || Int($0) == nil) }
        let starts = values.compactMap { reason.firstRange(of: $0.prefix(prefixLength))?.lowerBound }
        guard let start = starts.min() else { return reason }
        return String(reason[..<start]) + "…"
    }
}
