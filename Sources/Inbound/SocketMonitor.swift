import Encoding
import NIOCore

/// Monitors one connection's socket: admits it, counts the bytes that wait until the client takes them, and closes the connection of a
/// client that is too slow.
final class SocketMonitor: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let limits: InboundLimits
    private let gate: ConnectionGate
    private let budget: AnswerBudget
    private let cut: @Sendable (InboundMetrics.Cut) -> Void
    /// The client under which the connection was counted; nil for an uncounted one.
    private var admitted: String?
    /// The client whose answer waits.
    private(set) var client = ""
    /// The total of bytes written to the channel.
    private var written = 0
    /// Those of them that the system has not taken, as the budget counts them.
    private var waiting = 0
    /// The next bytes that the client must take.
    private var next = Demand()
    /// All bytes that waited when the demand was made: a whole answer, which is written in one piece.
    private var whole = Demand()
    private var look: Scheduled<Void>?

    /// The number of bytes that must have been sent by a time.
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

    /// Sets the client whose request is answered next. Bytes of the previous answer that still wait count for it too.
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

    /// Closes the socket after the waiting bytes, because the system drops them once both sides have closed.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output, context.channel.isActive, waiting > 0 else { return context.close(mode: mode, promise: promise) }
        let taken = context.eventLoop.makePromise(of: Void.self)
        taken.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: promise) }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: taken)
    }

    // MARK: What waits

    private func account(_ context: ChannelHandlerContext) {
        // A closed connection holds no bytes.
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

    /// Starts the time limit for the next bytes.
    private func demandNext() {
        next = Demand(mark: written - waiting + min(limits.progress, waiting), deadline: .now() + TimeAmount(limits.write))
    }

    /// Starts the time limit for all waiting bytes.
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
