package import Encoding
package import OCPI
package import TestParties

/// One request that a party received, with its answer.
package struct ReceivedRequest: Sendable {
    /// The request.
    package let request: PartyRequest
    /// The answer.
    package let answer: ServerAnswer
    /// When its body was complete.
    package let time: Timestamp

    /// Method and path, like `POST /ocpi/2.2.1/cdrs`.
    package var line: String { "\(request.method) \(request.path)" }
    /// The party in the OCPI-from headers; nil for configuration modules.
    package var from: PartyID? { request.from }
    /// The party in the OCPI-to headers.
    package var to: PartyID? { request.to }
    /// X-Correlation-ID.
    package var correlationID: String? { request.correlationID }
}
