import Encoding
import NIOCore

/// One answer as received.
struct RawAnswer: Sendable, Equatable {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    /// OCPI `status_code`; nil if the body is no envelope.
    var code: Int? { ByteBuffer(bytes: body).jsonInteger(["status_code"]) }
}
