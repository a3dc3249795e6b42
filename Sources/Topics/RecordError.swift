import Kafka

/// A record whose headers violate its topic's format.
package struct RecordError: Error, Equatable, CustomStringConvertible {
    /// The Kafka header that is missing or wrong.
    package let header: String
    /// The fault of the header.
    package let reason: String

    package var description: String { "\(header): \(reason)" }
}
