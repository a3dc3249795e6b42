import Encoding
import NIOCore
import NIOHTTP1
import OCPI

/// The content coding of an answer (RFC 9110, 8.4). Requests ask for none, but some servers use one all the same.
enum ContentCoding {
    /// The name for no coding.
    static let none = "identity"

    /// The supported formats; nil for any other name.
    static func format(_ name: String) -> Gzip.Format? {
        switch name {
        case "gzip", "x-gzip": .gzip
        case "deflate": .zlib
        default: nil
        }
    }

    /// The codings named in the headers, in lower case, in the order in which they were applied.
    static func names(in headers: HTTPHeaders) -> [String] {
        headers[canonicalForm: OCPIHeader.contentEncoding].map { $0.lowercased() }.filter { !$0.isEmpty && $0 != none }
    }
}

extension OutboundResponse {
    /// Whether the body has a content coding.
    package var isCoded: Bool { !ContentCoding.names(in: headers).isEmpty && body.readableBytes > 0 }

    /// The answer with a decoded body; the same answer if it has no coding.
    /// - Parameter limit: the longest decoded body, in bytes. A short coded body may decode to a very long one, so decoding stops at this
    ///   length.
    /// - Throws: an error for an unsupported coding, several codings, invalid bytes, and a body longer than `limit`.
    package func decoded(upTo limit: Int) throws(UnreadableCoding) -> OutboundResponse {
        guard isCoded else { return self }
        let names = ContentCoding.names(in: headers)
        guard names.count == 1, let format = ContentCoding.format(names[0]) else {
            throw UnreadableCoding(description: "its body is in a coding that is not understood here, although none was asked for")
        }
        let bytes: [UInt8]
        do throws(Gzip.Failure) {
            bytes = try Gzip.decompress(Array(body.readableBytesView), limit: limit, as: format)
        } catch {
            switch error {
            case .tooLarge: throw UnreadableCoding(description: "its body is larger than \(limit) bytes when it is decoded")
            case .unreadable: throw UnreadableCoding(description: "its body is not in the coding that its headers name")
            }
        }
        var decoded = self
        decoded.headers.remove(name: OCPIHeader.contentEncoding)
        decoded.body = ByteBuffer(bytes: bytes)
        return decoded
    }
}
