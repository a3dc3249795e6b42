import NIOCore
import NIOHTTP1
import NIOPosix
import OCPI
import Synchronization

/// A small HTTP server that can be stopped and brought back on the same port. Starting and stopping is for one task at a time.
final class ConformancePartyServer: Sendable {
    /// Answers one request whose body is complete; called on an event loop, concurrently.
    typealias Responder = @Sendable (HTTPRequestHead, ByteBuffer) -> HubResponse

    private struct State {
        var port: Int
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    private let host: String
    private let respond: Responder
    private let state: Mutex<State>

    /// - Parameters:
    ///   - host: address to listen on.
    ///   - port: 0 for a free one, kept over a stop.
    init(host: String, port: Int, _ respond: @escaping Responder) {
        self.host = host
        self.respond = respond
        state = Mutex(State(port: port))
    }

    /// 0 before the first start, if none was given.
    var port: Int { state.withLock { $0.port } }

    var isListening: Bool { state.withLock { $0.listener != nil } }

    /// Returns when connections are accepted. Without effect on a server that listens.
    func start() async throws {
        if isListening { return }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                remember(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Exchanges(respond))
                }
            }
            .bind(host: host, port: port).get()
        state.withLock { state in
            state.listener = listener
            state.port = listener.localAddress?.port ?? state.port
        }
    }

    /// Stops listening and drops every connection, also where an answer is still owed.
    func stop() async {
        let channels = state.withLock { state in
            let channels = [state.listener].compactMap { $0 } + state.connections.values
            state.listener = nil
            state.connections = [:]
            return channels
        }
        for channel in channels {
            // One that is closed already is what we want.
            try? await channel.close().get()
        }
    }

    private func remember(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        state.withLock { $0.connections[id] = channel }
        channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { $0.connections[id] = nil } }
    }
}

/// Requests of one connection, one after the other; `HTTPServerPipelineHandler` before it sees to that.
private final class Exchanges: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimit = 8 * 1024 * 1024
    private let respond: ConformancePartyServer.Responder
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ respond: @escaping ConformancePartyServer.Responder) { self.respond = respond }

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
            give(respond(head, body), to: head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func give(_ answer: HubResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch answer.timing {
        case .now: write(answer, to: head, context)
        case .never: break
        case .broken: context.close(promise: nil)
        case .after(let pause):
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: pause) {
                let (handler, context) = bound.value
                if context.channel.isActive { handler.write(answer, to: head, context) }
            }
        }
    }

    private func write(_ answer: HubResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var headers = answer.headers
        let hasBody = ![204, 205, 304].contains(answer.status)
        if hasBody { headers.replaceOrAdd(name: "Content-Length", value: String(answer.body.readableBytes)) }
        let response = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if hasBody { context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
