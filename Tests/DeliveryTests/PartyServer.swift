import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as a party got it.
struct Seen: Sendable {
    let method: String
    let uri: String
    let headers: HTTPHeaders
    let body: ByteBuffer

    var text: String { String(buffer: body) }
}

enum PartyAnswer: Sendable {
    case answer(Int, [(String, String)] = [], String)
    case hang
    case hangUp

    static let success = PartyAnswer.answer(200, [], #"{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}"#)
}

/// A party's HTTP server on 127.0.0.1, as bad as a test needs it.
final class PartyServer: Sendable {
    let port: Int
    private let channel: any Channel
    private let record: Record

    var url: String { "http://127.0.0.1:\(port)" }
    var seen: [Seen] { record.state.withLock { $0.seen } }
    var connections: Int { record.state.withLock { $0.connections } }

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

    func stop() async {
        try? await channel.close().get()
    }

    final class Record: Sendable {
        struct State {
            var seen: [Seen] = []
            var connections = 0
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
                record.state.withLock { $0.seen.append(seen) }
                switch record.answer(seen) {
                case .hang: break
                case .hangUp: context.close(promise: nil)
                case .answer(let status, let fields, let text):
                    var headers = HTTPHeaders(fields)
                    headers.replaceOrAdd(name: "Content-Length", value: String(text.utf8.count))
                    if !headers.contains(name: "Content-Type") { headers.add(name: "Content-Type", value: "application/json") }
                    let answer = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
                    context.write(wrapOutboundOut(.head(answer)), promise: nil)
                    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                }
            }
        }
    }
}
