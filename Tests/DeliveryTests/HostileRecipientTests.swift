import NIOCore
import NIOHTTP1
import NIOPosix
import OCPI
import Testing

@testable import Outbound

/// Recipients that answer at any time with any bytes. The answers must end nothing but the call.
@Suite(.timeLimit(.minutes(5))) struct HostileRecipientTests {
    /// Sends an answer, possibly in two parts, after a given number of bytes of the request, and then closes the connection, half of it, or
    /// nothing.
    private final class Recipient: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        enum End: CaseIterable { case close, closeLater, halfClose, keep }

        struct Script {
            var answer: String
            var end = End.closeLater
            /// Numbers of bytes of the request before the answer, between its parts, and before the end.
            var answersAt = 1
            var continuesAt = 1
            var endsAt = 1
            var split = 0
        }

        private var script: Script
        private let next: (() -> Script)?
        private var received = 0
        private var step = 0

        init(_ script: Script, next: (() -> Script)? = nil) {
            self.script = script
            self.next = next
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytes
            if step == 0, received >= script.answersAt { send(script.answer.utf8.prefix(script.split), context) }
            if step == 1, received >= script.continuesAt { send(script.answer.utf8.dropFirst(script.split), context) }
            guard step == 2, received >= script.endsAt else { return }
            switch script.end {
            case .close: context.close(promise: nil)
            case .closeLater:
                let channel = context.channel
                context.eventLoop.scheduleTask(in: .microseconds(200)) { channel.close(promise: nil) }
            case .halfClose: context.close(mode: .output, promise: nil)
            case .keep:
                // The next request on this connection has its own script.
                guard let next else { return }
                (script, received, step) = (next(), 0, 0)
            }
        }

        private func send(_ text: some Sequence<UInt8>, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: text)), promise: nil)
            step += 1
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private static let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 000 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\n{}", "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n", "\u{0}\u{1}\r\n\r\n", "\r\n\r\n", "",
    ]

    private static let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: 200_000)

    /// Calls a recipient many times in parallel.
    /// - Returns: the number of calls that ended.
    private func call(_ recipient: @escaping @Sendable () -> Recipient, times: Int, reads: Bool, deadline: TimeAmount) async throws -> Int {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(recipient()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let url = "http://127.0.0.1:\(try #require(server.localAddress?.port))/"
        let connections = OutboundConnections(policy: try AddressPolicy(allowing: ["127.0.0.0/8"]))
        let client = OutboundClient(connections, answerLimit: 1000)
        let ended = await withTaskGroup(of: Int.self) { group in
            for number in 0..<16 {
                group.addTask {
                    for time in 0..<times {
                        let isRead = reads && (number + time) % 4 == 0
                        let request = OutboundRequest(
                            url: url, method: isRead ? .get : .put, headers: [:], body: isRead ? nil : Self.body)
                        // Either an answer, or a failure of the call.
                        _ = try? await client.answer(to: request, deadline: .now() + deadline)
                    }
                    return times
                }
            }
            return await group.reduce(0, +)
        }
        await connections.shutdown()
        try await server.close().get()
        try await group.shutdownGracefully()
        return ended
    }

    /// AsyncHTTPClient 1.37 traps if such a call and its connection are on two event loops.
    @Test func aCompleteAnswerBeforeTheRequestsEndAndAClosedConnection() async throws {
        let answer = Self.answers[0]
        let recipient: @Sendable () -> Recipient = {
            Recipient(Recipient.Script(answer: answer, end: .close, endsAt: [1, 60_000, 120_000, 200_000].randomElement() ?? 1))
        }
        #expect(try await call(recipient, times: 200, reads: false, deadline: .seconds(30)) == 3200)
    }

    @Test func anythingAtAnyTime() async throws {
        #expect(
            try await call({ Recipient(Self.script(), next: Self.script) }, times: 75, reads: true, deadline: .milliseconds(300)) == 1200)
    }

    /// Timing determines which connection gets which script, so a seed would not make the run repeatable.
    private static func script() -> Recipient.Script {
        let answer = answers.randomElement() ?? ""
        return Recipient.Script(
            answer: answer, end: Recipient.End.allCases.randomElement() ?? .close, answersAt: [1, 1, 50_000, 200_000].randomElement() ?? 1,
            continuesAt: [1, 100_000, 200_000].randomElement() ?? 1, endsAt: [1, 150_000, 200_000].randomElement() ?? 1,
            split: Int.random(in: 0...answer.utf8.count))
    }
}
