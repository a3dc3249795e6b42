import NIOCore
import NIOHTTP1

/// Handles the calls of one connection, one after the other. Each is written as a ``CallExchange``.
final class CallConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = CallExchange
    typealias OutboundOut = HTTPClientRequestPart

    private struct Running {
        let exchange: CallExchange
        let timeout: Scheduled<Void>
        var isSent = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    /// Shorter than the keep-alive timeout of usual servers.
    private static let idleTime = TimeAmount.seconds(30)
    private let keep: (any Channel) -> Bool
    private var running: Running?
    private var idle: Scheduled<Void>?

    /// - Parameter keep: stores the connection for later calls; false if it does not.
    init(_ keep: @escaping (any Channel) -> Bool) { self.keep = keep }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        idle?.cancel()
        guard context.channel.isActive else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        let exchange = unwrapOutboundIn(data)
        let timeout = context.eventLoop.assumeIsolated().scheduleTask(deadline: exchange.deadline) { [self] in
            end(.timeout, "no complete answer in time", context)
        }
        running = Running(exchange: exchange, timeout: timeout)
        // The write has succeeded as soon as this connection is responsible for the call.
        promise?.succeed()
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if exchange.request.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(exchange.request.body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenSuccess { [self] in running?.isSent = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard running != nil else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): running?.head = head
        case .body(var part):
            running?.body.writeBuffer(&part)
            if let running, running.body.readableBytes > running.exchange.answerLimit {
                end(.tooLong, "the answer has more than \(running.exchange.answerLimit) bytes", context)
            }
        case .end: complete(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.broken, "the connection was closed before the answer was complete", context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.broken, "\(error)", context)
        context.close(promise: nil)
    }

    private func complete(_ context: ChannelHandlerContext) {
        guard let running, let head = running.head else { return }
        self.running = nil
        running.timeout.cancel()
        // An answer may arrive before the request is sent completely. The server would read the rest of it as the next request.
        if running.isSent, head.isKeepAlive, context.channel.isActive, keep(context.channel) {
            idle = context.eventLoop.assumeIsolated().scheduleTask(in: Self.idleTime) { context.close(promise: nil) }
        } else {
            context.close(promise: nil)
        }
        running.exchange.answered.succeed(
            CallAnswer(
                request: running.exchange.request, status: Int(head.status.code), headers: head.headers, body: running.body))
    }

    /// Fails the call and closes the connection.
    private func end(_ kind: CallFailure.Kind, _ reason: String, _ context: ChannelHandlerContext) {
        idle?.cancel()
        guard let running else { return }
        self.running = nil
        running.timeout.cancel()
        running.exchange.fail(kind, reason)
        context.close(promise: nil)
    }
}
