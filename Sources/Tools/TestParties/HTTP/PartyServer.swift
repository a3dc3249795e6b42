import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The HTTP server of a party. It can be stopped and started again on the same port. Only one task may start and stop it.
package final class PartyServer: Sendable {
    /// Answers a complete request. Called on event loops, concurrently; must not block.
    package typealias Responder = @Sendable (ServerRequest) -> ServerAnswer
    /// Answers a complete request in its own task, in which it may wait.
    package typealias SlowResponder = @Sendable (ServerRequest) async -> ServerAnswer

    private struct State {
        var port: Int
        var listener: (any Channel)?
        var open: [ObjectIdentifier: any Channel] = [:]
        var connections = 0
        var pieces = 0
        var held: [@Sendable () -> Void] = []
    }

    private let host: String
    private let record: Inbox<ServerRequest>?
    private let state: Mutex<State>

    /// A server that does not listen yet.
    /// - Parameters:
    ///   - host: address to listen on.
    ///   - port: 0 for a free port, which is used again after a stop.
    ///   - record: gets every request after its answer was chosen, so a held answer can be released as soon as its request is recorded.
    package init(host: String = "127.0.0.1", port: Int = 0, recordingIn record: Inbox<ServerRequest>? = nil) {
        self.host = host
        self.record = record
        state = Mutex(State(port: port))
    }

    /// 0 before the first start if no port was given.
    package var port: Int { state.withLock { $0.port } }
    /// Its base URL, `http://127.0.0.1:<port>` by default.
    package var url: String { "http://\(host):\(port)" }
    /// Number of connections accepted so far.
    package var connections: Int { state.withLock { $0.connections } }
    /// Number of pieces of endless answers written to sockets so far.
    package var pieces: Int { state.withLock { $0.pieces } }

    /// The recorded requests; empty without a record.
    package var recorded: [ServerRequest] { record?.entries ?? [] }

    /// Starts a server on a free loopback port that records every request.
    package static func recording(_ respond: @escaping Responder) async throws -> PartyServer {
        let server = PartyServer(recordingIn: Inbox())
        try await server.start(respond)
        return server
    }

    /// Starts listening. No effect if it already listens.
    package func start(_ respond: @escaping Responder) async throws { try await listen(.immediate(respond)) }

    /// The same with answers that may wait.
    package func start(inTasks respond: @escaping SlowResponder) async throws { try await listen(.inTask(respond)) }

    /// Stops listening and closes every connection, even before outstanding answers.
    package func stop() async {
        let (listener, connections) = close()
        // The only error is that a connection is closed already.
        for channel in [listener].compactMap({ $0 }) + connections { try? await channel.close().get() }
    }

    /// Stops listening, sends outstanding answers, and closes every connection. Does not return while a request stays unanswered.
    package func finish() async {
        let (listener, connections) = close()
        // The only error is that it is closed already.
        try? await listener?.close().get()
        for channel in connections { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        for channel in connections { try? await channel.closeFuture.get() }
    }

    /// Sends every held answer.
    package func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for send in held { send() }
    }

    private func listen(_ responder: ServerConnection.Responder) async throws {
        if state.withLock({ $0.listener != nil }) { return }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                remember(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let handlers = channel.pipeline.syncOperations
                    // Answers may contain invalid headers on purpose.
                    try handlers.configureHTTPServerPipeline(withOutboundHeaderValidation: false)
                    try handlers.addHandler(ServerConnection(responder, self))
                }
            }
            .bind(host: host, port: port).get()
        state.withLock { state in
            state.listener = listener
            state.port = listener.localAddress?.port ?? state.port
        }
    }

    /// Marks the server as stopped.
    /// - Returns: the channels to close.
    private func close() -> (listener: (any Channel)?, connections: [any Channel]) {
        state.withLock { state in
            defer {
                state.listener = nil
                state.open = [:]
            }
            return (state.listener, Array(state.open.values))
        }
    }

    private func remember(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        state.withLock { state in
            state.connections += 1
            state.open[id] = channel
        }
        channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { $0.open[id] = nil } }
    }

    // MARK: For connections

    func received(_ request: ServerRequest) { record?.append(request) }
    func hold(_ send: @escaping @Sendable () -> Void) { state.withLock { $0.held.append(send) } }
    func sentPiece() { state.withLock { $0.pieces += 1 } }
}
