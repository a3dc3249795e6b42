package import NIOCore
import NIOHTTP1

/// Lets requests in one after the other, as ``ConnectionState`` says, refuses what is no clear request, and closes the connection when its
/// last answer is out. Sits below `HTTPServerPipelineHandler`, which sees good requests only.
final class RequestIntake: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: InboundLimits
    private let refusalBody: @Sendable (String) -> ByteBuffer
    private let cut: @Sendable (InboundMetrics.Cut) -> Void
    private var state: ConnectionState
    /// When the head or the body that is coming must be complete.
    private var deadline: Scheduled<Void>?
    private var lingering: Scheduled<Void>?
    private var isLeaving = false
    /// Since the last read of the socket was begun.
    private var hasSeenParts = false
    /// Bytes of a head have come.
    private var hasBegun = false
    /// The request that is refused was a HEAD, whose answer has no body (RFC 9110, 9.3.2).
    private var isHeadRefused = false

    /// - Parameters:
    ///   - limits: times and numbers.
    ///   - refusalBody: the body of an answer to what was no request, JSON.
    ///   - cut: told why a connection ends early.
    init(
        _ limits: InboundLimits, refusalBody: @escaping @Sendable (String) -> ByteBuffer,
        cut: @escaping @Sendable (InboundMetrics.Cut) -> Void
    ) {
        self.limits = limits
        self.refusalBody = refusalBody
        self.cut = cut
        state = ConnectionState(limit: limits.pipelined)
    }

    func channelActive(context: ChannelHandlerContext) {
        expect(within: limits.head, context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        settle()
        lingering?.cancel()
    }

    // MARK: Coming in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasSeenParts = true
        switch unwrapInboundIn(data) {
        case .head(let head): take(head, context)
        case .body: if state.body() == .pass { context.fireChannelRead(data) }
        case .end:
            settle()
            if state.end() == .pass { context.fireChannelRead(data) }
        }
    }

    private func take(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        settle()
        hasBegun = false
        var head = head
        let rules = HeadRules(head)
        let target = HeadRules.originForm(head.uri, head.method)
        if rules.refusal != nil || target == nil, !state.isLast { isHeadRefused = head.method == .HEAD }
        if rules.refusal == nil {
            guard let target else {
                return carryOut(state.broken(HTTPRefusal("The request target is neither a path nor an http URL")), .broken, nil, context)
            }
            head.uri = target
        }
        // An expectation in HTTP/1.0 is to be ignored (RFC 9110, 10.1.1).
        if rules.isOld { head.headers.remove(name: "expect") }
        let wasLast = state.isLast
        let step = state.head(rules)
        if step == .drop, !wasLast, rules.refusal == nil { cut(.pipelined) }
        carryOut(step, .broken, wrapInboundOut(.head(head)), context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isLeaving {
            // Nobody else asks for more, and what is not read makes the system throw away the answer.
            context.read()
        } else if state.isReceiving {
            expect(within: limits.body, context)
        } else if !hasSeenParts, !state.isLast {
            hasBegun = true
            expect(within: limits.head, context)
        }
        hasSeenParts = false
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let broken = error as? HTTPParserError else {
            // The decoder complains of all that comes after what broke it.
            if !state.isLast { context.fireErrorCaught(error) }
            return
        }
        settle()
        let step = state.broken(HTTPRefusal(broken))
        carryOut(step, .broken, nil, context, error: broken)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is GiveUpBody else { return context.fireUserInboundEventTriggered(event) }
        if state.isReceiving { overdue(context) }
    }

    // MARK: Going out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            let options = head.headers[canonicalForm: "connection"]
            switch state.answer(saysClose: options.contains { $0.lowercased() == "close" }) {
            case .close: head.headers.replaceOrAdd(name: "connection", value: "close")
            case .keepAlive: head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
            case .nothing: break
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            carryOut(state.answered(), .broken, nil, context)
            demandRest(context)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        leave(context, promise)
    }

    // MARK: What the state says

    /// - Parameters:
    ///   - reason: what is counted if this is the end.
    ///   - part: what is passed on.
    ///   - error: what breaks a request off.
    private func carryOut(
        _ step: ConnectionState.Step, _ reason: InboundMetrics.Cut, _ part: NIOAny?, _ context: ChannelHandlerContext,
        error: (any Error)? = nil
    ) {
        switch step {
        case .pass: if let part { context.fireChannelRead(part) }
        case .drop: break
        case .fail(let refusal):
            cut(reason)
            context.fireErrorCaught(error ?? refusal)
        case .refuse(let refusal):
            cut(reason)
            answer(refusal, context)
            leave(context, nil)
        case .leave: leave(context, nil)
        }
    }

    private func answer(_ refusal: HTTPRefusal, _ context: ChannelHandlerContext) {
        let body = refusalBody(refusal.message)
        let headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": "\(body.readableBytes)", "connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHeadRefused { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Says that no more will come, and goes on reading for a moment.
    private func leave(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard !isLeaving else {
            promise?.succeed()
            return
        }
        isLeaving = true
        context.flush()
        let closed = promise ?? context.eventLoop.makePromise()
        closed.futureResult.assumeIsolated().whenComplete { [self] _ in
            guard context.channel.isActive else { return }
            lingering = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.linger)) { context.close(promise: nil) }
        }
        context.close(mode: .output, promise: closed)
        context.read()
    }

    // MARK: Time

    private func expect(within limit: Duration, _ context: ChannelHandlerContext) {
        guard deadline == nil else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) { [self] in
            deadline = nil
            overdue(context)
        }
    }

    /// Nothing is read while an answer is made, so the time of what comes behind that request runs out unheeded: it begins anew.
    private func demandRest(_ context: ChannelHandlerContext) {
        guard !isLeaving else { return }
        if state.isReceiving {
            // An answer that came before its own request's end gives that no more time.
            if state.open > 0 { settle() }
            expect(within: limits.body, context)
        } else if hasBegun, !state.isLast, state.open == 0 {
            expect(within: limits.head, context)
        }
    }

    private func settle() {
        deadline?.cancel()
        deadline = nil
    }

    private func overdue(_ context: ChannelHandlerContext) {
        let reason: InboundMetrics.Cut = state.isReceiving ? .body : .head
        let step = state.overdue(hasBegun: hasBegun)
        if step == .leave { cut(reason) }
        carryOut(step, reason, nil, context)
    }
}

/// See ``giveUpBody()``.
private struct GiveUpBody {}

extension Channel {
    /// The body of the request that is being received has taken too long: whoever reads it is told so, and after the answer the connection
    /// closes.
    package func giveUpBody() { pipeline.fireUserInboundEventTriggered(GiveUpBody()) }
}
