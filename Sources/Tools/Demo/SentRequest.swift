package import Encoding
package import NIOCore
import NIOHTTP1
package import OCPI

/// One call of a party to its node, with the answer.
package struct SentRequest: Sendable {
    /// OCPI method.
    package let method: OCPI.Method
    /// Absolute URL.
    package let url: String
    /// The recipient; nil for versions and credentials.
    package let to: PartyID?
    /// X-Correlation-ID of the call.
    package let correlationID: String
    /// X-Request-ID of the call.
    package let requestID: String
    /// When it was sent.
    package let sent: Timestamp
    /// When the answer was complete.
    package let answered: Timestamp
    /// The time between the two, with higher resolution.
    package let duration: Duration
    /// HTTP status of the answer.
    package let status: Int
    /// Headers of the answer.
    let headers: HTTPHeaders
    /// Body of the answer, byte for byte.
    package let body: ByteBuffer

    /// A header of the answer, by case-insensitive name.
    package func header(_ name: String) -> String? { headers.first(name: name) }

    /// OCPI `status_code` of the answer.
    package var ocpiStatus: Int? { body.jsonInteger(["status_code"]) }

    /// Path and query of the URL.
    package var target: String {
        guard let scheme = url.firstRange(of: "://"), let slash = url[scheme.upperBound...].firstIndex(of: "/") else { return url }
        return String(url[slash...])
    }

    /// The URL of the `rel="next"` entry of a paginated answer.
    package var nextPage: String? {
        guard let link = header(OCPIHeader.link), let end = link.firstIndex(of: ">"), link.hasPrefix("<"),
            link[end...].contains("rel=\"next\"")
        else { return nil }
        return String(link[link.index(after: link.startIndex)..<end])
    }
}
