import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The HTTP server of a party on a free port of this machine.
final class TestbedPartyServer: Sendable {
    /// Answers one request, or never if nil; called on an event loop, must not block.
    typealias Responder = @Sendable (Served) -> Serving?

    private struct State {
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    private let respond: Responder
    private let state = Mutex(State())

    init(_ respond: @escaping Responder) { self.respond = respond }

    /// `http://127.0.0.1:<port>`; only while it listens.
    var url: String { "http://127.0.0.1:\(state.withLock { $0.listener?.localAddress?.port } ?? 0)" }

    func start() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                remember(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Conversation(respond))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        state.withLock { $0.listener = listener }
    }

    /// Stops listening and drops every connection.
    func stop() async {
        let channels = state.withLock { state in
            defer { state = State() }
            return [state.listener].compactMap { $0 } + state.connections.values
        }
        // One that is closed already is what we want.
        for channel in channels { try? await channel.close().get() }
    }

    private func remember(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        state.withLock { $0.connections[id] = channel }
        channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { $0.connections[id] = nil } }
    }
}

/// Requests of one connection, one after the other; `HTTPServerPipelineHandler` before it sees to that.
private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimit = 1024 * 1024
    private let respond: TestbedPartyServer.Responder
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ respond: @escaping TestbedPartyServer.Responder) { self.respond = respond }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= Self.bodyLimit else { return context.close(promise: nil) }
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            self.head = nil
            guard let serving = respond(Served(head: head, body: body, connection: context.channel)) else { return }
            guard serving.delay > .zero else { return write(serving, context) }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: TimeAmount(serving.delay)) {
                let (handler, context) = bound.value
                if context.channel.isActive { handler.write(serving, context) }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(_ serving: Serving, _ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Content-Type": "application/json", "Content-Length": String(serving.body.readableBytes)]
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: serving.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(serving.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
