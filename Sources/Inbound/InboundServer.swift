package import HummingbirdCore
import Instruments
package import Logging
package import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

// The pipeline of every client connection, from the socket to the responder:
//
//   socket ─ SocketMonitor ─ codec ─ RequestIntake ─ HTTPServerPipelineHandler ─ idle time ─ ExpectContinue ─ AnswerGate ─▶ responder
//            admission,      bytes   valid requests  one at a time               Hummingbird  100             waits until
//            quota, timeouts         in order                                                                 the client took it

/// A listener's connection handling and its limits, shared by its connections.
package struct InboundServer: Sendable {
    /// Counts the connections; for `ApplicationConfiguration`.
    package let gate: ConnectionGate
    /// Counts the answer bytes that clients have not taken.
    package let answers: AnswerBudget
    private let limits: InboundLimits
    private let bodyLimit: @Sendable (_ path: String) -> Int
    private let refusalBody: @Sendable (String) -> ByteBuffer
    private let cut: @Sendable (InboundMetrics.Cut) -> Void

    /// - Parameters:
    ///   - listener: the listener.
    ///   - limits: its limits.
    ///   - bodyLimit: the longest body for a path of a request with `Expect: 100-continue`, in bytes.
    ///   - refusalBody: makes the JSON body of an answer to bytes that are no request, from a sentence.
    ///   - logger: reports faults.
    package init(
        _ listener: ListenerName, _ limits: InboundLimits, bodyLimit: @escaping @Sendable (_ path: String) -> Int,
        refusalBody: @escaping @Sendable (String) -> ByteBuffer,
        logger: Logger
    ) {
        let metrics = InboundMetrics()
        gate = ConnectionGate(listener, limits, metrics, logger)
        answers = AnswerBudget(limit: limits.answerBytes) { metrics.waitingBytes.record($0, listener) }
        self.limits = limits
        self.bodyLimit = bodyLimit
        self.refusalBody = refusalBody
        cut = { metrics.cuts.increment(.init(listener: listener, kind: $0)) }
    }

    /// The builder for `Application`.
    package var builder: HTTPServerBuilder { HTTPServerBuilder { InboundChannel(server: self, responder: $0) } }

    fileprivate func addHandlers(to channel: any Channel, logger: Logger) throws {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = limits.headBytes
        decoder.maxHeaderListSize = limits.headBytes
        decoder.maxHeaderFieldCount = 200
        // An answer has been taken when none of its bytes wait.
        try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 1, high: 64 * 1024))
        let pipeline = channel.pipeline.syncOperations
        let watch = SocketMonitor(limits, gate: gate, budget: answers, cut: cut)
        try pipeline.addHandler(watch)
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoder)
        try pipeline.addHandler(RequestIntake(limits, refusalBody: refusalBody, cut: cut))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idle, logger: logger))
        if !limits.trustedProxies.isEmpty { try pipeline.addHandler(ForwardedClient(limits.trustedProxies, watch)) }
        try pipeline.addHandler(ExpectContinue(bodyLimit: bodyLimit))
        try pipeline.addHandler(AnswerGate())
    }
}

/// The channel handlers of one connection, for Hummingbird.
private struct InboundChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let server: InboundServer
    let responder: HTTPChannelHandler.Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try server.addHandlers(to: channel, logger: logger)
            return try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}
