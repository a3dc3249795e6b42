import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as a party received it.
struct Seen: Sendable {
    let method: String
    let uri: String
    let headers: HTTPHeaders
    let body: ByteBuffer

    var text: String { String(buffer: body) }
}

enum PartyAnswer: Sendable {
    case answer(Int, [(String, String)] = [], String)
    /// Any bytes, not only text.
    case bytes(Int, [(String, String)] = [], [UInt8])
    /// In chunks, without announced length.
    case chunks(Int, [String])
    /// Part of an answer, and nothing more.
    case beginning(String)
    /// Chunks of 64 KiB without end, as long as they are read.
    case endless(Int)
    /// An answer after which the connection is closed, whatever its headers say.
    case last(Int, [(String, String)] = [], String)
    case hang
    /// Success, once ``PartyServer/release()`` is called.
    case hold
    case hangUp

    static let success = PartyAnswer.answer(200, [], #"{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}"#)
}

/// A party's HTTP server on 127.0.0.1 with configurable faults.
final class PartyServer: Sendable {
    let port: Int
    private let channel: any Channel
    private let record: Record

    var url: String { "http://127.0.0.1:\(port)" }
    var seen: [Seen] { record.state.withLock { $0.seen } }
    var connections: Int { record.state.withLock { $0.connections } }
    /// Number of chunks of endless answers that were written.
    var pieces: Int { record.state.withLock { $0.pieces } }

    init(_ answer: @escaping @Sendable (Seen) -> PartyAnswer) async throws {
        let record = Record(answer)
        self.record = record
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                record.state.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(record))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    /// Sends the held answers.
    func release() {
        let held = record.state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for answer in held { answer() }
    }

    func stop() async {
        try? await channel.close().get()
    }

    final class Record: Sendable {
        struct State {
            var seen: [Seen] = []
            var connections = 0
            var pieces = 0
            var held: [@Sendable () -> Void] = []
        }
        let state = Mutex(State())
        let answer: @Sendable (Seen) -> PartyAnswer

        init(_ answer: @escaping @Sendable (Seen) -> PartyAnswer) { self.answer = answer }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let record: Record
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(_ record: Record) { self.record = record }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ByteBuffer()
            case .body(var part): body.writeBuffer(&part)
            case .end:
                guard let head else { return }
                let seen = Seen(method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body)
                let reply = record.answer(seen)
                if case .hold = reply { return hold(seen, context) }
                record.state.withLock { $0.seen.append(seen) }
                switch reply {
                case .hang, .hold: break
                case .hangUp: context.close(promise: nil)
                case .answer(let status, let fields, let text): answer(status, fields, Array(text.utf8), context)
                case .bytes(let status, let fields, let bytes): answer(status, fields, bytes, context)
                case .last(let status, let fields, let text):
                    answer(status, fields, Array(text.utf8), context)
                    context.close(promise: nil)
                case .chunks(let status, let texts):
                    start(status, [], context)
                    for text in texts { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil) }
                    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                case .beginning(let text):
                    start(200, [], context)
                    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                case .endless(let status):
                    start(status, [], context)
                    more(context)
                }
            }
        }

        private func start(_ status: Int, _ fields: [(String, String)], _ context: ChannelHandlerContext) {
            var headers = HTTPHeaders(fields)
            if !headers.contains(name: "Content-Type") { headers.add(name: "Content-Type", value: "application/json") }
            let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }

        private func answer(_ status: Int, _ fields: [(String, String)], _ bytes: [UInt8], _ context: ChannelHandlerContext) {
            start(status, fields.filter { $0.0.lowercased() != "content-length" } + [("Content-Length", "\(bytes.count)")], context)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        /// The request is recorded after it is held, so that a test that sees it may release it at once.
        private func hold(_ seen: Seen, _ context: ChannelHandlerContext) {
            let eventLoop = context.eventLoop
            let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
            record.state.withLock { state in
                state.seen.append(seen)
                state.held.append {
                    eventLoop.execute {
                        let (handler, context) = bound.value
                        if case .answer(let status, let fields, let text) = PartyAnswer.success {
                            handler.answer(status, fields, Array(text.utf8), context)
                        }
                    }
                }
            }
        }

        private func more(_ context: ChannelHandlerContext) {
            let piece = ByteBuffer(repeating: UInt8(ascii: " "), count: 64 * 1024)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece)))).assumeIsolated().whenSuccess { [self] in
                record.state.withLock { $0.pieces += 1 }
                context.eventLoop.assumeIsolated().execute { self.more(context) }
            }
        }
    }
}
