import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The HTTP server of a party. It can be stopped and brought back on the same port. Starting and stopping is for one task at a time.
package final class PartyServer: Sendable {
    /// Answers one request, its body complete. Called on an event loop, concurrently; must not block.
    package typealias Responder = @Sendable (ServerRequest) -> ServerAnswer
    /// The same for what takes its time, in a task of its own.
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
    ///   - port: 0 for a free one, kept over a stop.
    ///   - record: gets every request once its answer is decided. A held one can be released as soon as it is there.
    package init(host: String = "127.0.0.1", port: Int = 0, recordingIn record: Inbox<ServerRequest>? = nil) {
        self.host = host
        self.record = record
        state = Mutex(State(port: port))
    }

    /// 0 before the first start, if none was given.
    package var port: Int { state.withLock { $0.port } }
    /// `http://127.0.0.1:<port>`, for a server that listens there.
    package var url: String { "http://\(host):\(port)" }
    /// How many connections have been accepted so far.
    package var connections: Int { state.withLock { $0.connections } }
    /// How many pieces of endless answers were handed to the system so far.
    package var pieces: Int { state.withLock { $0.pieces } }

    /// What its record holds; empty without one.
    package var recorded: [ServerRequest] { record?.entries ?? [] }

    /// A server that listens on a free port of this machine and records every request.
    package static func recording(_ respond: @escaping Responder) async throws -> PartyServer {
        let server = PartyServer(recordingIn: Inbox())
        try await server.start(respond)
        return server
    }

    /// Returns when connections are accepted. Without effect on a server that listens.
    package func start(_ respond: @escaping Responder) async throws { try await listen(.immediate(respond)) }

    /// The same with answers that take their time.
    package func start(inTasks respond: @escaping SlowResponder) async throws { try await listen(.inTask(respond)) }

    /// Stops listening and drops every connection, also where an answer is still owed.
    package func stop() async {
        let (listener, connections) = close()
        // One that is closed already is what we want.
        for channel in [listener].compactMap({ $0 }) + connections { try? await channel.close().get() }
    }

    /// Stops listening, sends the answers that are owed, and closes every connection. Waits for answers that never come, too.
    package func finish() async {
        let (listener, connections) = close()
        // How it ends does not matter.
        try? await listener?.close().get()
        for channel in connections { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        for channel in connections { try? await channel.closeFuture.get() }
    }

    /// Sends every answer that is held at this moment.
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
                    // What goes out is up to whoever answers, odd headers included.
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

    /// What is to be closed.
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
