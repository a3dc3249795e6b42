import NIOCore
import NIOHTTP1

/// Passes only valid answers: one head with a valid status, its body, its end, after a request.
///
/// AsyncHTTPClient 1.37, which follows in the pipeline, ends the process if parts come in another order: after a head with a status below
/// 100 it waits for another one, and then gets the end of an answer without a head. A recipient must not be able to end this process.
final class ResponseSequenceHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// The received parts are no answer to a request.
    struct Violation: Error {
        let reason: String
    }

    private enum State {
        /// No request was sent, or its answer is complete.
        case idle
        /// A request was sent, and its answer has not begun.
        case asked
        /// The head of the answer has been received.
        case answering
        /// The connection is being closed; further parts are ignored.
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
        // An informational answer; the client expects none.
        case (.asked, .head(let head)) where 100..<200 ~= head.status.code && head.status != .switchingProtocols: return
        case (.asked, .head(let head)) where head.status.code < 200:
            return end(context, head.status == .switchingProtocols ? "an upgrade that was not requested" : "no status of HTTP")
        case (.asked, .head): state = .answering
        case (.answering, .body): break
        case (.answering, .end): state = .idle
        default: return end(context, "parts of an answer without a request")
        }
        context.fireChannelRead(data)
    }

    private func end(_ context: ChannelHandlerContext, _ reason: String) {
        state = .broken
        context.fireErrorCaught(Violation(reason: reason))
        context.close(promise: nil)
    }
}
