import NIOCore
import NIOPosix
import Testing

/// HTTP/1.1 as bytes over one connection, so that a test controls which bytes are sent, and when.
struct FidelityClient {
    /// The answer.
    struct Answer {
        let status: Int
        /// Names in lower case.
        let headers: [String: String]
        let body: ByteBuffer
        /// Whether `100 Continue` came first.
        let wasAskedToContinue: Bool
    }

    /// How the body is sent.
    enum Framing: Sendable {
        /// With Content-Length, after the head.
        case length
        /// In chunks of this number of bytes.
        case chunked(Int)
        /// With Content-Length, after `100 Continue`.
        case afterContinue
    }

    let port: Int

    func send(
        _ method: String, _ target: String, headers: [(String, String)], body: ByteBuffer?, framing: Framing = .length
    ) async throws -> Answer {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body {
            head += "Content-Type: application/json\r\n"
            switch framing {
            case .length: head += "Content-Length: \(body.readableBytes)\r\n"
            case .chunked: head += "Transfer-Encoding: chunked\r\n"
            case .afterContinue: head += "Content-Length: \(body.readableBytes)\r\nExpect: 100-continue\r\n"
            }
        }
        head += "\r\n"
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        return try await channel.executeThenClose { [head] inbound, outbound in
            var incoming = inbound.makeAsyncIterator()
            var bytes = ByteBuffer()
            try await outbound.write(ByteBuffer(string: head))
            var wasAsked = false
            switch framing {
            case .length:
                if let body { try await outbound.write(body) }
            case .chunked(let size):
                for chunk in Self.chunks(body ?? ByteBuffer(), size) { try await outbound.write(chunk) }
            case .afterContinue:
                let interim = try await Self.head(&bytes, &incoming)
                try #require(interim.hasPrefix("HTTP/1.1 100 Continue"), "\(interim.prefix(200))")
                wasAsked = true
                if let body { try await outbound.write(body) }
            }
            let answer = try await Self.head(&bytes, &incoming)
            while let more = try await incoming.next() { bytes.writeImmutableBuffer(more) }
            return try Self.read(answer, bytes, wasAsked)
        }
    }

    private static func chunks(_ body: ByteBuffer, _ size: Int) -> [ByteBuffer] {
        var rest = body
        var chunks: [ByteBuffer] = []
        while let part = rest.readSlice(length: min(size, rest.readableBytes)), part.readableBytes > 0 {
            var chunk = ByteBuffer(string: String(part.readableBytes, radix: 16) + "\r\n")
            chunk.writeImmutableBuffer(part)
            chunk.writeString("\r\n")
            chunks.append(chunk)
        }
        return chunks + [ByteBuffer(string: "0\r\n\r\n")]
    }

    /// Everything up to the next empty line.
    private static func head(
        _ bytes: inout ByteBuffer, _ incoming: inout NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    ) async throws -> String {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let place = bytes.readableBytesView.firstRange(of: end) {
                let head = bytes.readString(length: place.lowerBound - bytes.readerIndex) ?? ""
                bytes.moveReaderIndex(forwardBy: end.count)
                return head
            }
            let more = try #require(try await incoming.next(), "the connection was closed before the answer: \(String(buffer: bytes))")
            bytes.writeImmutableBuffer(more)
        }
    }

    private static func read(_ head: String, _ body: ByteBuffer, _ wasAsked: Bool) throws -> Answer {
        let lines = head.split(separator: "\r\n")
        let status = try #require(lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }, "\(head.prefix(200))")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        if let length = headers["content-length"].flatMap({ Int($0) }) { try #require(length == body.readableBytes, "a broken answer") }
        return Answer(status: status, headers: headers, body: body, wasAskedToContinue: wasAsked)
    }
}
