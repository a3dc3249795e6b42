import NIOCore
import NIOHTTP1

/// Answers the requests of one connection. `HTTPServerPipelineHandler` before it passes on one request at a time.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    enum Responder: Sendable {
        case immediate(PartyServer.Responder)
        case inTask(PartyServer.SlowResponder)
    }

    private static let bodyLimit = 16 * 1024 * 1024
    private static let withoutBody: Set<Int> = [204, 205, 304]
    private let responder: Responder
    private let server: PartyServer
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ responder: Responder, _ server: PartyServer) {
        self.responder = responder
        self.server = server
    }

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
            answer(ServerRequest(head: head, body: body, connection: context.channel), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ request: ServerRequest, _ context: ChannelHandlerContext) {
        switch responder {
        case .immediate(let respond): carryOut(respond(request), for: request, context)
        case .inTask(let respond):
            context.eventLoop.makeFutureWithTask { await respond(request) }.assumeIsolated().whenSuccess { [self] answer in
                carryOut(answer, for: request, context)
            }
        }
    }

    private func carryOut(_ answer: ServerAnswer, for request: ServerRequest, _ context: ChannelHandlerContext) {
        guard case .whenReleased = answer.timing else {
            server.received(request)
            if case .after(let pause) = answer.timing {
                later(pause, context) { self.send(answer, context) }
            } else {
                send(answer, context)
            }
            return
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        server.hold {
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.send(answer, context)
            }
        }
        // Recorded after the answer is held, because a test may release answers as soon as the request is recorded.
        server.received(request)
    }

    private func send(_ answer: ServerAnswer, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        switch answer.form {
        case .nothing: close(answer, context)
        case .complete: sendComplete(answer, context)
        case .chunks(let pieces, let pause): sendPieces(pieces[...], pause, answer, context)
        case .unfinished:
            write(.head(head(of: answer)), context)
            write(.body(.byteBuffer(answer.body)), context)
            close(answer, context)
        case .endless:
            write(.head(head(of: answer)), context)
            sendForEver(answer, context)
        case .raw:
            // Bypasses the encoder, which would add a status line and headers.
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            encoder?.writeAndFlush(NIOAny(answer.body), promise: nil)
            if answer.closes { context.channel.close(promise: nil) }
        }
    }

    private func sendComplete(_ answer: ServerAnswer, _ context: ChannelHandlerContext) {
        var head = head(of: answer)
        let hasBody = !Self.withoutBody.contains(answer.status)
        if hasBody { head.headers.replaceOrAdd(name: "Content-Length", value: String(answer.body.readableBytes)) }
        write(.head(head), context)
        if hasBody { write(.body(.byteBuffer(answer.body)), context) }
        write(.end(nil), context)
        close(answer, context)
    }

    private func sendPieces(_ pieces: ArraySlice<ByteBuffer>, _ pause: Duration, _ answer: ServerAnswer, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        if pieces.startIndex == 0 { write(.head(head(of: answer)), context) }
        guard let piece = pieces.first else {
            write(.end(nil), context)
            return close(answer, context)
        }
        write(.body(.byteBuffer(piece)), context)
        let rest = pieces.dropFirst()
        if pause > .zero {
            context.flush()
            later(pause, context) { self.sendPieces(rest, pause, answer, context) }
        } else {
            sendPieces(rest, pause, answer, context)
        }
    }

    private func sendForEver(_ answer: ServerAnswer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(answer.body)))).assumeIsolated().whenSuccess { [self] in
            server.sentPiece()
            context.eventLoop.assumeIsolated().execute { self.sendForEver(answer, context) }
        }
    }

    private func head(of answer: ServerAnswer) -> HTTPResponseHead {
        HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: answer.headers)
    }

    private func write(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(part), promise: nil)
    }

    /// Flushes the answer, and closes the connection if the answer says so.
    private func close(_ answer: ServerAnswer, _ context: ChannelHandlerContext) {
        context.flush()
        if answer.closes { context.close(promise: nil) }
    }

    private func later(_ pause: Duration, _ context: ChannelHandlerContext, _ work: @escaping () -> Void) {
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause), work)
    }
}
