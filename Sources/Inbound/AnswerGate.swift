import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends an answer only when the client has taken it, so that the next request does not begin before, and a connection holds one answer at a
/// time. Drops answers without a request, because after broken HTTP the server would write a second one. Drops bodies of answers to HEAD.
final class AnswerGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Held {
        case end(HTTPResponsePart, EventLoopPromise<Void>?)
        case close(EventLoopPromise<Void>?)
    }

    /// The number of requests whose answers are not complete.
    private var open = 0
    /// Whether an answer has announced the close of the connection, so that no further request begins.
    private var isLast = false
    private var held: [Held] = []
    /// Whether the newest request is a HEAD, whose answer has no body (RFC 9110, 9.3.2).
    private var isHead = false

    func handlerRemoved(context: ChannelHandlerContext) {
        for case .end(_, let promise) in held { promise?.fail(ChannelError.ioOnClosedChannel) }
        for case .close(let promise) in held { promise?.fail(ChannelError.ioOnClosedChannel) }
        held = []
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isLast || open > 0 else { return }
        if case .head(let head) = unwrapInboundIn(data) {
            open += 1
            isHead = head.method == .head
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard open > 0 else {
            promise?.fail(ChannelError.inappropriateOperationForState)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.headerFields[.connection]?.lowercased() == "close" { isLast = true }
            context.write(data, promise: promise)
        case .body:
            guard !isHead else {
                promise?.succeed()
                return
            }
            context.write(data, promise: promise)
        case .end:
            open -= 1
            guard !context.channel.isWritable else { return context.write(data, promise: promise) }
            held.append(.end(unwrapOutboundIn(data), promise))
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { release(context) }
        context.fireChannelWritabilityChanged()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output, !held.isEmpty else { return context.close(mode: mode, promise: promise) }
        held.append(.close(promise))
    }

    private func release(_ context: ChannelHandlerContext) {
        guard !held.isEmpty else { return }
        let released = held
        held = []
        for part in released {
            switch part {
            case .end(let end, let promise): context.writeAndFlush(wrapOutboundOut(end), promise: promise)
            case .close(let promise): context.close(mode: .output, promise: promise)
            }
        }
    }
}
