package import Encoding
package import NIOCore
package import OCPI
package import TestParties

/// One call of a party to its node, with the answer.
package struct SentRequest: Sendable {
    /// The answer, and what was sent.
    package let answer: CallAnswer
    /// When it was sent.
    package let sent: Timestamp
    /// When the answer was complete.
    package let answered: Timestamp
    /// The time between the two, with higher resolution.
    package let duration: Duration

    /// Makes the call.
    static func make(_ request: CallRequest, through caller: PartyCaller) async throws(CallFailure) -> SentRequest {
        let clock = ContinuousClock()
        let start = clock.now
        let sent = Timestamp.now
        let answer = try await caller.call(request, within: .seconds(20))
        return SentRequest(answer: answer, sent: sent, answered: .now, duration: clock.now - start)
    }

    /// OCPI method.
    package var method: OCPI.Method { answer.request.method }
    /// Absolute URL.
    package var url: String { answer.request.url }
    /// X-Correlation-ID of the call.
    package var correlationID: String { answer.request.correlationID ?? "" }
    /// X-Request-ID of the call.
    package var requestID: String { answer.request.requestID ?? "" }
    /// HTTP status of the answer.
    package var status: Int { answer.status }
    /// Body of the answer, byte for byte.
    package var body: ByteBuffer { answer.body }
    /// OCPI `status_code` of the answer.
    package var ocpiStatus: Int? { answer.code }
    /// The URL of the `rel="next"` entry of a paginated answer.
    package var nextPage: String? { answer.nextPage }

    /// A header of the answer, by case-insensitive name.
    package func header(_ name: String) -> String? { answer.header(name) }

    /// Path and query of the URL.
    package var target: String {
        guard let scheme = url.firstRange(of: "://"), let slash = url[scheme.upperBound...].firstIndex(of: "/") else { return url }
        return String(url[slash...])
    }
}
