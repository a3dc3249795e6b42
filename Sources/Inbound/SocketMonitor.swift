import Encoding
import NIOCore

/// Watches one connection's socket: lets it in, accounts for the bytes that wait until the client takes them, and cuts off who does not.
final class SocketMonitor: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let limits: InboundLimits
    private let gate: ConnectionGate
    private let budget: AnswerBudget
    private let cut: @Sendable (InboundMetrics.Cut) -> Void
    /// The client under which the connection was let in; nil for one that is not counted.
    private var admitted: String?
    /// Whose answers wait.
    private(set) var client = ""
    /// Bytes that were to go out.
    private var written = 0
    /// Those of them that the system has not taken, as the budget knows it.
    private var waiting = 0
    /// Of what waits, the next bytes.
    private var next = Demand()
    /// All that waited when it was made: an answer, as it comes in one piece.
    private var whole = Demand()
    private var look: Scheduled<Void>?

    /// Bytes that must have gone out at a time.
    private struct Demand {
        var mark = 0
        var deadline = NIODeadline.distantFuture
    }

    init(_ limits: InboundLimits, gate: ConnectionGate, budget: AnswerBudget, cut: @escaping @Sendable (InboundMetrics.Cut) -> Void) {
        self.limits = limits
        self.gate = gate
        self.budget = budget
        self.cut = cut
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        client = IPAddress.clientKey(address)
        let isCounted = !limits.trustedProxies.contains(address)
        let isAdmitted = !isCounted || gate.enter(client)
        if isCounted, isAdmitted { admitted = client }
        context.fireChannelActive()
        if !isAdmitted { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        look?.cancel()
        look = nil
        if waiting > 0 { _ = budget.change(by: -waiting, of: client) }
        waiting = 0
        if let admitted { gate.leave(admitted) }
        admitted = nil
    }

    /// From now on this client's request is answered. What still waits of the answer before counts for it too.
    func serve(_ client: String) {
        guard client != self.client else { return }
        if waiting > 0 {
            _ = budget.change(by: -waiting, of: self.client)
            _ = budget.change(by: waiting, of: client)
        }
        self.client = client
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
        let hasRoom = budget.change(by: now - waiting, of: client)
        let isNew = waiting == 0
        waiting = now
        guard hasRoom else { return end(.budget, context) }
        guard now > 0 else { return }
        if isNew {
            demandNext()
            demandWhole()
        }
        lookAgain(context)
    }

    /// From now on the client has its time to take the next bytes.
    private func demandNext() {
        next = Demand(mark: written - waiting + min(limits.progress, waiting), deadline: .now() + TimeAmount(limits.write))
    }

    /// From now on the client has its time to take all that waits.
    private func demandWhole() {
        whole = Demand(mark: written, deadline: .now() + TimeAmount(limits.answer))
    }

    private func lookAgain(_ context: ChannelHandlerContext) {
        guard look == nil else { return }
        let interval = TimeAmount(min(.seconds(1), limits.write / 4, limits.answer / 4))
        look = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
            look = nil
            account(context)
            guard waiting > 0 else { return }
            let taken = written - waiting
            if taken >= next.mark { demandNext() }
            if taken >= whole.mark { demandWhole() }
            guard NIODeadline.now() < min(next.deadline, whole.deadline) else { return end(.unread, context) }
            lookAgain(context)
        }
    }

    private func end(_ reason: InboundMetrics.Cut, _ context: ChannelHandlerContext) {
        cut(reason)
        context.close(promise: nil)
    }
}
