import NIOCore
import NIOPosix
import Synchronization
import Testing

/// One TCP connection to a server under test, without an HTTP client: a test controls which bytes are sent, and when, and sees the received
/// bytes.
package final class RawConnection: Sendable {
    private let channel: any Channel
    private let incoming: Incoming

    /// Opens a connection to this machine.
    /// - Parameter reads: `false` for a client that does not read received data.
    package init(port: Int, reads: Bool = true) async throws {
        let incoming = Incoming()
        self.incoming = incoming
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(incoming)) }
            }
        if !reads { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 8192) }
        channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
    }

    /// Opens a connection while `body` runs.
    package static func with<Value>(port: Int, reads: Bool = true, _ body: (RawConnection) async throws -> Value) async throws -> Value {
        let connection = try await RawConnection(port: port, reads: reads)
        let result: Result<Value, any Error>
        do { result = .success(try await body(connection)) } catch { result = .failure(error) }
        await connection.close()
        return try result.get()
    }

    /// Sends these bytes.
    package func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends these bytes. A connection that the other side has already closed is no error here, because tests check the received bytes.
    package func send(_ bytes: [UInt8]) async throws {
        _ = await channel.writeAndFlush(ByteBuffer(bytes: bytes)).asResult()
    }

    /// Closes the sending side, and continues reading.
    package func finish() async throws { try await channel.close(mode: .output) }

    /// Closes it.
    package func close() async { _ = await channel.close().asResult() }

    /// The received text so far.
    package var text: String { incoming.state.withLock { String(buffer: $0.bytes) } }

    /// The number of received bytes so far.
    package var count: Int { incoming.state.withLock { $0.bytes.readableBytes } }

    /// Whether the server has closed it.
    package var isClosed: Bool { incoming.state.withLock { $0.isClosed } }

    /// The complete answers so far, `100 Continue` included.
    /// - Parameter withoutBodies: for answers to HEAD.
    package func answers(withoutBodies: Bool = false) -> [RawAnswer] { RawAnswer.all(in: text, withoutBodies: withoutBodies) }

    /// Waits for this number of complete answers.
    package func waitForAnswers(_ count: Int, withoutBodies: Bool = false) async throws -> [RawAnswer] {
        try await eventually("\(count) answers: \(text.suffix(1000))") { answers(withoutBodies: withoutBodies).count >= count }
        return answers(withoutBodies: withoutBodies)
    }

    /// Waits until the server has closed it.
    package func waitForClose() async throws {
        try await eventually("the server closes the connection: \(text.suffix(1000))") { isClosed }
    }
}

/// One answer as received.
package struct RawAnswer: Sendable {
    /// The status.
    package let status: Int
    /// Names in lower case.
    package let headers: [(name: String, value: String)]
    /// The body.
    package let body: String

    /// The value of a header that occurs once; nil if it is missing or repeated.
    package subscript(name: String) -> String? {
        let found = headers.filter { $0.name == name }
        return found.count == 1 ? found[0].value : nil
    }

    /// The complete answers in a text.
    static func all(in text: String, withoutBodies: Bool) -> [RawAnswer] {
        var rest = Substring(text)
        var answers: [RawAnswer] = []
        while let end = rest.firstRange(of: "\r\n\r\n") {
            let lines = rest[..<end.lowerBound].split(separator: "\r\n")
            guard let first = lines.first, first.hasPrefix("HTTP/1.1 "), let status = Int(first.dropFirst(9).prefix(3)) else { break }
            let headers = lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (name: parts[0].lowercased(), value: parts.count == 2 ? String(parts[1].drop { $0 == " " }) : "")
            }
            rest = rest[end.upperBound...]
            let length = withoutBodies ? 0 : headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
            guard rest.utf8.count >= length else { break }
            let bodyEnd = rest.utf8.index(rest.startIndex, offsetBy: length)
            answers.append(RawAnswer(status: status, headers: headers, body: String(rest[..<bodyEnd])))
            rest = rest[bodyEnd...]
        }
        return answers
    }
}

/// The received data.
private final class Incoming: Sendable {
    struct State {
        var bytes = ByteBuffer()
        var isClosed = false
    }

    let state = Mutex(State())
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let incoming: Incoming

    init(_ incoming: Incoming) {
        self.incoming = incoming
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        incoming.state.withLock { _ = $0.bytes.writeBuffer(&part) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { incoming.state.withLock { $0.isClosed = true } }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        incoming.state.withLock { $0.isClosed = true }
        context.fireChannelInactive()
    }

    /// A reset is a close; `channelInactive` follows.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension EventLoopFuture where Value == Void {
    fileprivate func asResult() async -> Result<Void, any Error> {
        do { return .success(try await get()) } catch { return .failure(error) }
    }
}
