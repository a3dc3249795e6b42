import NIOCore
import NIOPosix

/// A server on 127.0.0.1 that answers with any bytes, and then closes the connection.
final class FaultyServer: Sendable {
    let port: Int
    private let channel: any Channel

    /// - Parameter answer: the bytes to write for the path of a request; nil for none.
    init(_ answer: @escaping @Sendable (_ path: String) -> String?) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(answer)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func stop() async { try? await channel.close().get() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: @Sendable (String) -> String?
        private var received = ByteBuffer()
        private var isAnswered = false

        init(_ answer: @escaping @Sendable (String) -> String?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.writeImmutableBuffer(unwrapInboundIn(data))
            guard !isAnswered, let path = completePath else { return }
            isAnswered = true
            guard let text = answer(path) else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            context.close(promise: nil)
        }

        /// The path of the request, once it is complete: closing a socket with unread bytes would reset the connection.
        private var completePath: String? {
            let text = String(buffer: received)
            guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
            let lines = text[..<end.lowerBound].split(separator: "\r\n")
            let length = lines.first { $0.lowercased().hasPrefix("content-length:") }?.split(separator: ":").last.flatMap {
                Int($0.filter { $0 != " " })
            }
            guard text[end.upperBound...].utf8.count >= length ?? 0 else { return nil }
            return lines.first?.split(separator: " ").dropFirst().first.map(String.init)
        }
    }
}
