import NIOCore
import NIOHTTP1
import OCPI

/// A URL split into its two uses: the server to connect to, and the target on the request line (RFC 9112, 3.2.1 origin-form).
///
/// AsyncHTTPClient parses URLs with Foundation, which encodes a whole path or query again if it holds an unexpected character, `%`
/// included. So the client gets the origin only, and the target is passed to the connection in an internal header that is never sent.
struct RequestTarget: Equatable {
    /// `scheme://host:port`.
    let origin: String
    /// Path and query: the bytes of the URL, except that characters not allowed on a request line are percent-encoded.
    let text: String

    /// - Parameter url: an absolute http or https URL; a fragment is not sent. Nil for any other text.
    init?(url: String) {
        guard let origin = URLJoin.origin(of: url) else { return nil }
        self.origin = origin
        let bytes = url.utf8
        let authority = bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst(2)
        let rest = authority.drop { !"/?#".utf8.contains($0) }.prefix { $0 != UInt8(ascii: "#") }
        var text: [UInt8] = rest.first == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
        text.reserveCapacity(rest.count + 1)
        for byte in rest {
            if 0x21...0x7E ~= byte { text.append(byte) } else { text += Self.encoded(byte) }
        }
        self.text = String(decoding: text, as: UTF8.self)
    }

    private static func encoded(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
    }

    /// The internal header that carries the target.
    private static let header = "OCN-Request-Target"

    /// The headers of a request to this target.
    func added(to headers: HTTPHeaders) -> HTTPHeaders {
        var headers = headers
        headers.replaceOrAdd(name: Self.header, value: text)
        return headers
    }

    /// Makes each later request on this HTTP/1.1 connection use its own target.
    static func write(on channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let handlers = channel.pipeline.syncOperations
            let encoder = try handlers.handler(type: HTTPRequestEncoder.self)
            try handlers.addHandler(Writer(), position: .after(encoder))
        }
    }

    private final class Writer: ChannelOutboundHandler {
        typealias OutboundIn = HTTPClientRequestPart
        typealias OutboundOut = HTTPClientRequestPart

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            guard case .head(var head) = unwrapOutboundIn(data), let target = head.headers.first(name: RequestTarget.header) else {
                return context.write(data, promise: promise)
            }
            head.uri = target
            head.headers.remove(name: RequestTarget.header)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        }
    }
}
