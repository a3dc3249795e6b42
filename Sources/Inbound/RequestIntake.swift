package import NIOCore
import NIOHTTP1

/// Passes requests on in order, as ``ConnectionState`` decides, refuses ambiguous ones, and closes the connection after its last answer.
/// Its place is before `HTTPServerPipelineHandler`, which gets good requests only.
final class RequestIntake: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: InboundLimits
    private let refusalBody: @Sendable (String) -> ByteBuffer
    private let cut: @Sendable (InboundMetrics.Cut) -> Void
    private var state: ConnectionState
    /// When the incoming head or body must be complete.
    private var deadline: Scheduled<Void>?
    private var lingering: Scheduled<Void>?
    private var isLeaving = false
    /// Whether parts have come since the last read of the socket began.
    private var hasSeenParts = false
    /// Whether bytes of a head have come.
    private var hasBegun = false
    /// Whether the refused request was a HEAD, whose answer has no body (RFC 9110, 9.3.2).
    private var isHeadRefused = false

    /// - Parameters:
    ///   - limits: time limits and sizes.
    ///   - refusalBody: makes the JSON body of an answer to bytes that are no request.
    ///   - cut: called with the reason when a connection is closed early.
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
        if rules.isHTTP10 { head.headers.remove(name: "expect") }
        let wasLast = state.isLast
        let step = state.head(rules)
        if step == .drop, !wasLast, rules.refusal == nil { cut(.pipelined) }
        carryOut(step, .broken, wrapInboundOut(.head(head)), context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isLeaving {
            // No other handler reads any more, and unread bytes would make the system discard the answer.
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
            // The decoder reports an error for all bytes after the first broken one.
            if !state.isLast { context.fireErrorCaught(error) }
            return
        }
        settle()
        let step = state.broken(HTTPRefusal(broken))
        carryOut(step, .broken, nil, context, error: broken)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is AbortBody else { return context.fireUserInboundEventTriggered(event) }
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
    ///   - reason: the counted reason if this ends the connection.
    ///   - part: the part to pass on.
    ///   - error: the error that aborts a request.
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

    /// Closes the sending side, and goes on reading for a moment.
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

    /// Starts the deadline of the next request again, because nothing is read while an answer is made.
    private func demandRest(_ context: ChannelHandlerContext) {
        guard !isLeaving else { return }
        if state.isReceiving {
            // If the answer came before the end of its own request, that request's deadline stays.
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

/// See ``abortBody()``.
private struct AbortBody {}

extension Channel {
    /// Aborts the request whose body is being received because it takes too long: the reader of the body gets an error, and the connection
    /// closes after the answer.
    package func abortBody() { pipeline.fireUserInboundEventTriggered(AbortBody()) }
}
