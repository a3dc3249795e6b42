import Encoding
import Kafka

/// W3C trace context, verbatim.
package struct TraceContext: Sendable, Equatable {
    /// `traceparent` as received.
    package var traceparent: String?
    /// `tracestate` as received.
    package var tracestate: String?

    package init(traceparent: String? = nil, tracestate: String? = nil) {
        self.traceparent = traceparent
        self.tracestate = tracestate
    }
}
