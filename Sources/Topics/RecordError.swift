import Kafka

/// A record whose headers do not say what its topic promises.
package struct RecordError: Error, Equatable, CustomStringConvertible {
    /// The Kafka header that is missing or wrong.
    package let header: String
    /// What is wrong with it.
    package let reason: String

    package var description: String { "\(header): \(reason)" }
}
