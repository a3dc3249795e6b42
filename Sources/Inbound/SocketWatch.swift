import NIOCore

/// Watches one connection's socket: lets it in, accounts for the bytes that wait until the client takes them, and cuts off who does not.
final class SocketWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let limits: InboundLimits
    private let gate: ConnectionGate
    private let budget: AnswerBudget
    private let cut: @Sendable (InboundMetrics.Cut) -> Void
    /// The address under which the connection was let in.
    private var address: String?
    /// Bytes that were to go out.
    private var written = 0
    /// Those of them that the system has not taken, as the budget knows it.
    private var waiting = 0
    /// Bytes that must have gone out at the deadline.
    private var mark = 0
    private var deadline = NIODeadline.distantFuture
    private var look: Scheduled<Void>?

    init(_ limits: InboundLimits, gate: ConnectionGate, budget: AnswerBudget, cut: @escaping @Sendable (InboundMetrics.Cut) -> Void) {
        self.limits = limits
        self.gate = gate
        self.budget = budget
        self.cut = cut
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        let isAdmitted = gate.enter(address)
        if isAdmitted { self.address = address }
        context.fireChannelActive()
        if !isAdmitted { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        look?.cancel()
        look = nil
        if waiting > 0 { _ = budget.change(by: -waiting) }
        waiting = 0
        if let address { gate.leave(address) }
        address = nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        written += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        account(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        account(context)
        context.fireChannelWritabilityChanged()
    }

    /// The system drops what waits when both sides have closed, so it waits for that first.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output, context.channel.isActive, waiting > 0 else { return context.close(mode: mode, promise: promise) }
        let taken = context.eventLoop.makePromise(of: Void.self)
        taken.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: promise) }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: taken)
    }

    // MARK: What waits

    private func account(_ context: ChannelHandlerContext) {
        // A connection that is closed holds nothing.
        let now = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        guard now != waiting else { return }
        let hasRoom = budget.change(by: now - waiting)
        let isNew = waiting == 0
        waiting = now
        guard hasRoom else { return end(.budget, context) }
        guard now > 0 else { return }
        if isNew { demand() }
        lookAgain(context)
    }

    /// From now on the client has its time to take the next bytes.
    private func demand() {
        mark = written - waiting + min(limits.progress, waiting)
        deadline = NIODeadline.now() + TimeAmount(limits.write)
    }

    private func lookAgain(_ context: ChannelHandlerContext) {
        guard look == nil else { return }
        let interval = TimeAmount(min(.seconds(1), limits.write / 4))
        look = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
            look = nil
            account(context)
            guard waiting > 0 else { return }
            if written - waiting >= mark {
                demand()
            } else if NIODeadline.now() >= deadline {
                return end(.unread, context)
            }
            lookAgain(context)
        }
    }

    private func end(_ reason: InboundMetrics.Cut, _ context: ChannelHandlerContext) {
        cut(reason)
        context.close(promise: nil)
    }
}
