import NIOCore
import NIOHTTP1

/// Tells a call that the connection it was given had been left by its recipient.
///
/// Servers close connections that were idle for a while, without a word. Who calls in that very moment finds out only by the missing
/// answer: the connection served calls before, and now it ends before the first byte of one. That says nothing about the recipient.
final class StaleConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// The recipient had probably left before the call came. It may have come all the same.
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
        context.fireErrorCaught(wasLeft && error is IOError ? Closed() : error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if wasLeft { context.fireErrorCaught(Closed()) }
        context.fireChannelInactive()
    }

    private var wasLeft: Bool { hasServed && isAwaited }
}
