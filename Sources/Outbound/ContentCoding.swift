import Encoding
import NIOCore
import NIOHTTP1
import OCPI

/// How the body of an answer is coded (RFC 9110, 8.4). We ask for none, but servers exist that code all the same.
enum ContentCoding {
    /// As it stands in headers: not coded.
    static let none = "identity"

    /// The formats that we can undo; nil for any other name.
    static func format(_ name: String) -> Gzip.Format? {
        switch name {
        case "gzip", "x-gzip": .gzip
        case "deflate": .zlib
        default: nil
        }
    }

    /// The codings that headers name, in lower case, in the order in which they were applied.
    static func names(in headers: HTTPHeaders) -> [String] {
        headers[canonicalForm: OCPIHeader.contentEncoding].map { $0.lowercased() }.filter { !$0.isEmpty && $0 != none }
    }
}

extension OutboundResponse {
    /// Whether its body stands there in a coding.
    package var isCoded: Bool { !ContentCoding.names(in: headers).isEmpty && body.readableBytes > 0 }

    /// The same answer without coding; itself if it has none.
    /// - Parameter limit: longest body that is taken, bytes. A short coded body may stand for a very long one: no more than this is made of it.
    /// - Throws: for a coding that we cannot undo, several at once, bytes that are not in it, and for what is longer than `limit`.
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
