import NIOCore
import NIOHTTP1

/// Fails a call with ``Closed`` if the recipient had closed its connection before.
///
/// Servers close idle connections without notice. A call at that moment only notices it by the missing answer: the connection has served
/// calls before, and ends before the first byte of this answer. That proves nothing about the recipient.
final class StaleConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// The recipient had probably closed the connection before the call, but may have received it all the same.
    struct Closed: Error {}

    private var hasServed = false
    private var isAwaited = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head = unwrapOutboundIn(data) { isAwaited = true }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isAwaited = false
        if case .end = unwrapInboundIn(data) { hasServed = true }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(wasStale && error is IOError ? Closed() : error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if wasStale { context.fireErrorCaught(Closed()) }
        context.fireChannelInactive()
    }

    private var wasStale: Bool { hasServed && isAwaited }
}
