package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import OCPI
import Synchronization

/// The HTTP client of parties. It sends requests unchanged, never repeats one, reads every answer completely, and reuses connections.
package final class PartyCaller: Sendable {
    private struct State {
        var idle: [String: [any Channel]] = [:]
        var open: [ObjectIdentifier: any Channel] = [:]
    }

    /// Maximum number of idle connections per server.
    private static let idleLimit = 256
    private let connectLimit: Duration
    private let answerLimit: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - connectLimit: timeout of opening a connection.
    ///   - answerLimit: maximum length of an answer's body.
    package init(connectLimit: Duration = .seconds(10), answerLimit: Int = 16 * 1024 * 1024) {
        self.connectLimit = connectLimit
        self.answerLimit = answerLimit
    }

    /// Closes its connections; calls in progress fail.
    package func close() async {
        // The only error is that a connection is closed already.
        for channel in state.withLock({ Array($0.open.values) }) { try? await channel.close().get() }
    }

    /// Sends a request; a body is sent as JSON.
    /// - Parameter limit: timeout of the whole call, from opening a connection to the last byte of the answer.
    package func call(
        _ method: OCPI.Method, _ url: String, headers: [(String, String)] = [], body: ByteBuffer? = nil,
        within limit: Duration = .seconds(20)
    ) async throws(CallFailure) -> CallAnswer {
        var headers = HTTPHeaders(headers)
        if body != nil, !headers.contains(name: "Content-Type") { headers.add(name: "Content-Type", value: "application/json") }
        return try await call(CallRequest(method, url, headers: headers, body: body), within: limit)
    }

    /// Sends a request.
    /// - Parameter limit: timeout of the whole call, from opening a connection to the last byte of the answer.
    package func call(_ request: CallRequest, within limit: Duration) async throws(CallFailure) -> CallAnswer {
        guard let url = CallURL(request.url) else { throw CallFailure(.notSent, "\(request.line): not an http or https URL") }
        let deadline = NIODeadline.now() + TimeAmount(limit)
        while true {
            let (channel, isKept) = try await connection(to: url, request, deadline)
            let exchange = CallExchange(
                request, to: url, answerLimit: answerLimit, deadline: deadline, answered: channel.eventLoop.makePromise())
            do {
                try await channel.writeAndFlush(exchange).get()
            } catch {
                exchange.answered.fail(error)
                // The server may have closed an idle connection meanwhile. Nothing was sent, so another connection is safe.
                if isKept { continue }
                throw CallFailure(.notSent, "\(request.line): \(error)")
            }
            do {
                return try await withTaskCancellationHandler {
                    try await exchange.answered.futureResult.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            } catch {
                throw error as? CallFailure ?? CallFailure(.broken, "\(request.line): \(error)")
            }
        }
    }

    private func connection(
        to url: CallURL, _ request: CallRequest, _ deadline: NIODeadline
    ) async throws(CallFailure) -> (channel: any Channel, isKept: Bool) {
        let kept = state.withLock { state in
            while let channel = state.idle[url.origin]?.popLast() {
                if channel.isActive { return channel as (any Channel)? }
            }
            return nil
        }
        if let kept { return (kept, true) }
        let left = deadline - .now()
        guard left > .zero, !Task.isCancelled else { throw CallFailure(.notSent, "\(request.line): its time was over") }
        do {
            return (try await connect(to: url, within: min(left, TimeAmount(connectLimit))), false)
        } catch {
            throw CallFailure(.notSent, "\(request.line): \(error)")
        }
    }

    private func connect(to url: CallURL, within limit: TimeAmount) async throws -> any Channel {
        let encryption = url.isEncrypted ? try NIOSSLContext(configuration: .makeClientConfiguration()) : nil
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(limit)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handlers = channel.pipeline.syncOperations
                    if let encryption {
                        let isAddress = (try? SocketAddress(ipAddress: url.host, port: 0)) != nil
                        try handlers.addHandler(NIOSSLClientHandler(context: encryption, serverHostname: isAddress ? nil : url.host))
                    }
                    var encoding = HTTPRequestEncoder.Configuration()
                    encoding.automaticallySetFramingHeaders = false
                    try handlers.addHTTPClientHandlers(enableOutboundHeaderValidation: false, encoderConfiguration: encoding)
                    try handlers.addHandler(CallConnection { [weak self] in self?.keep($0, for: url.origin) ?? false })
                }
            }
            .connect(host: url.host, port: url.port).get()
        let id = ObjectIdentifier(channel)
        state.withLock { $0.open[id] = channel }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { state in
                state.open[id] = nil
                state.idle[url.origin]?.removeAll { $0 === channel }
            }
        }
        return channel
    }

    /// Stores an idle connection.
    /// - Returns: false if there are too many.
    private func keep(_ channel: any Channel, for origin: String) -> Bool {
        state.withLock { state in
            guard state.idle[origin, default: []].count < Self.idleLimit else { return false }
            state.idle[origin, default: []].append(channel)
            return true
        }
    }
}
