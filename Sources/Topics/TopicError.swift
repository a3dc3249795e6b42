import Kafka

/// A topic that is missing, cannot be created, or has settings that would lose data.
package struct TopicError: Error, Equatable, CustomStringConvertible {
    /// The fault; names the topic and the setting.
    package let description: String
}
