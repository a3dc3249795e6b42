import Encoding
import OCPI

/// A place that a request or its answer passed.
package struct Station: Sendable, Equatable {
    /// `node 1 ocn.requests[3]@17`, or a party.
    package let place: String
    /// The record, if the place is in Kafka.
    package let crossing: Crossing?
    /// Milliseconds since the place before.
    package let milliseconds: Int64

    /// - Parameters: as the properties say.
    package init(place: String, crossing: Crossing? = nil, milliseconds: Int64) {
        self.place = place
        self.crossing = crossing
        self.milliseconds = milliseconds
    }
}
