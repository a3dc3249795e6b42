import Encoding
import OCPI

/// A place that a request or its answer passed.
package struct Station: Sendable, Equatable {
    /// The place as text, like `node 1 ocn.requests[3]@17`, or a party.
    package let place: String
    /// The record, if the place is in Kafka.
    package let crossing: Crossing?
    /// Milliseconds since the previous place.
    package let milliseconds: Int64

    package init(place: String, crossing: Crossing? = nil, milliseconds: Int64) {
        self.place = place
        self.crossing = crossing
        self.milliseconds = milliseconds
    }
}
