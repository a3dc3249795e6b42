import NIOCore
import NIOPosix

/// Sends the bytes of a case on a new connection and returns the answer.
struct RawCaller: Sendable {
    let host: String
    let port: Int
    /// Timeout of an answer, and then of the end of the connection.
    let maximumWait: TimeAmount

    /// The whole exchange. Never throws: a broken connection is a result.
    func converse(_ input: RequestCase) async -> Transcript {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Transcript.self)
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Conversation(input, maximumWait: maximumWait, promise))
                }
            }
        bootstrap.connect(host: host, port: port).whenFailure { _ in promise.succeed(Transcript(isRefused: true)) }
        do { return try await promise.futureResult.get() } catch { return Transcript(isRefused: true) }
    }
}

/// One connection, from its first byte to its end. Used on its event loop.
private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let input: RequestCase
    private let maximumWait: TimeAmount
    private let promise: EventLoopPromise<Transcript>
    private var transcript = Transcript()
    private var hasFinished = false
    private var timer: Scheduled<Void>?

    init(_ input: RequestCase, maximumWait: TimeAmount, _ promise: EventLoopPromise<Transcript>) {
        self.input = input
        self.maximumWait = maximumWait
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        limit(context)
        send(input.pieces[...], context)
    }

    private func send(_ pieces: ArraySlice<[UInt8]>, _ context: ChannelHandlerContext) {
        guard let piece = pieces.first else { return }
        let rest = pieces.dropFirst()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: piece))).whenComplete { _ in
            let (handler, context) = bound.value
            guard !rest.isEmpty else { return handler.sent(context) }
            // The delay makes the other side read the pieces separately.
            context.eventLoop.scheduleTask(in: .milliseconds(2)) {
                let (handler, context) = bound.value
                handler.send(rest, context)
            }
        }
    }

    private func sent(_ context: ChannelHandlerContext) {
        switch input.ending {
        case .patient: break
        case .halfClose: finish(context)
        case .leave: context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        transcript.bytes += unwrapInboundIn(data).readableBytesView
        guard input.ending == .patient, !hasFinished, !Answers(transcript.bytes, headOnly: input.isHead).final.isEmpty else { return }
        // Bytes after the end of the requests answer nothing.
        limit(context)
        finish(context)
    }

    private func finish(_ context: ChannelHandlerContext) {
        hasFinished = true
        context.close(mode: .output, promise: nil)
    }

    private func limit(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: maximumWait) {
            let (handler, context) = bound.value
            handler.transcript.isOverdue = true
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        promise.succeed(transcript)
    }

    /// A reset counts as an end; `channelInactive` follows.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
