import Kafka

/// A topic whose settings would lose data, or that is missing or cannot be made.
package struct TopicError: Error, Equatable, CustomStringConvertible {
    /// What is wrong; names the topic and the setting.
    package let description: String
}
