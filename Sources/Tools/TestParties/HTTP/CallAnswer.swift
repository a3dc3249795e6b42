package import Encoding
package import NIOCore
package import NIOHTTP1
import OCPI

/// The answer to a call.
package struct CallAnswer: HTTPMessage {
    /// The request.
    package let request: CallRequest
    /// HTTP status.
    package let status: Int
    /// The headers, unchanged.
    package let headers: HTTPHeaders
    /// The whole body, byte for byte.
    package let body: ByteBuffer

    /// `status_code`.
    package var code: Int? { json?["status_code"]?.int }
    /// `status_message`.
    package var message: String? { json?["status_message"]?.string }
    /// `data`.
    package var data: JSONValue? { json?["data"] }

    /// The URL of `Link: <…>; rel="next"`; nil if there is none.
    package var nextPage: String? {
        guard let link = header(OCPIHeader.link), link.hasPrefix("<"), let end = link.firstIndex(of: ">"),
            link[end...].contains("next")
        else { return nil }
        return String(link[link.index(after: link.startIndex)..<end])
    }

    /// HTTP and OCPI status for messages; never the body, which may contain a token.
    package var summary: String { "HTTP \(status), OCPI \(code.map(String.init) ?? "none")" + (message.map { ": \($0)" } ?? "") }
}
