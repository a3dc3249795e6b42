import NIOCore
import NIOHTTP1

/// Lets through only what answers a request: one head with a status that HTTP has, its body, its end.
///
/// Behind it stands AsyncHTTPClient 1.37, which ends the process where parts come in another order: with the head of a status below 100 it waits
/// on, and then meets the end of an answer that has no head. A recipient chooses what it sends; it must not choose whether we live.
final class ResponseSequenceHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// What came is no answer to a request.
    struct Violation: Error {
        let reason: String
    }

    private enum State {
        /// No request, or its answer is complete.
        case idle
        /// A head is due.
        case asked
        /// The head has come.
        case answering
        /// The connection is being closed; nothing counts any more.
        case broken
    }

    private var state = State.idle

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if state == .idle, case .head = unwrapOutboundIn(data) { state = .asked }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.broken, _): return
        // A provisional answer; nobody waits for one.
        case (.asked, .head(let head)) where 100..<200 ~= head.status.code && head.status != .switchingProtocols: return
        case (.asked, .head(let head)) where head.status.code < 200:
            return end(context, head.status == .switchingProtocols ? "another protocol, which nobody asked for" : "no status of HTTP")
        case (.asked, .head): state = .answering
        case (.answering, .body): break
        case (.answering, .end): state = .idle
        default: return end(context, "parts of an answer that nobody asked for")
        }
        context.fireChannelRead(data)
    }

    private func end(_ context: ChannelHandlerContext, _ reason: String) {
        state = .broken
        context.fireErrorCaught(Violation(reason: reason))
        context.close(promise: nil)
    }
}
