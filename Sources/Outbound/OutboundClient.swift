import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import OCPI

/// Sends HTTP requests, one answer each. Any thread may call; completions run on the client's event loops and must not block.
///
/// Never follows redirects and never connects to an address that its policy forbids. Path and query are sent as in the URL. Requests ask
/// for uncoded answers (`Accept-Encoding: identity`), so that no component has to decode them. A request is only repeated if its connection
/// had been closed by the recipient before.
package final class OutboundClient: Sendable {
    private let connections: OutboundConnections
    private let answerLimit: Int

    /// - Parameters:
    ///   - connections: the connections of the process; shut down by their owner.
    ///   - answerLimit: the longest body of an answer, in bytes.
    package init(_ connections: OutboundConnections, answerLimit: Int) {
        self.connections = connections
        self.answerLimit = answerLimit
    }

    /// The same client with another limit for answers.
    package func limited(to answerLimit: Int) -> OutboundClient { OutboundClient(connections, answerLimit: answerLimit) }

    /// The event loops of the completions; timers for outbound work belong here too.
    package var eventLoops: any EventLoopGroup { connections.eventLoops }

    /// Whether a URL may be called, as far as that is known without DNS.
    package func mayCall(_ url: String) -> Bool {
        URLJoin.origin(of: url).flatMap(URLJoin.host(ofOrigin:)).map(connections.policy.mayDial) ?? false
    }

    /// Sends one request.
    /// - Parameters:
    ///   - deadline: when the call fails and its connection is closed.
    ///   - completion: called exactly once, on an event loop or, if nothing can be sent, perhaps before `send` returns.
    package func send(
        _ request: OutboundRequest, deadline: NIODeadline,
        on completion: @escaping @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void
    ) {
        guard let target = RequestTarget(url: request.url) else {
            return completion(.failure(OutboundFailure(.forbidden, "not a URL that can be called")))
        }
        if let reason = request.excess(target) { return completion(.failure(OutboundFailure(.tooLarge, reason))) }
        var headers = target.added(to: request.headers)
        headers.replaceOrAdd(name: OCPIHeader.acceptEncoding, value: ContentCoding.none)
        let prepared: HTTPClient.Request
        do {
            prepared = try HTTPClient.Request(
                url: target.origin, method: HTTPMethod(rawValue: request.method.rawValue), headers: headers,
                body: request.body.map { .byteBuffer($0) })
        } catch {
            return completion(.failure(OutboundFailure(.forbidden, "not a URL that can be called")))
        }
        guard connections.policy.mayDial(prepared.host) else { return completion(.failure(Self.forbidden)) }
        guard connections.beginCall() else { return completion(.failure(Self.busy)) }
        let completion: Completion = { [connections] result in
            connections.endCall()
            completion(result)
        }
        let call = Call(request: prepared, isRepeatable: request.isRepeatable, deadline: deadline, completion: completion)
        // AsyncHTTPClient would resolve a text that it does not take for a literal, without a check of the address.
        if AddressPolicy.literal(prepared.host) != nil, Self.isLiteralToTheClient(prepared.host) {
            return execute(call, connections.direct(target.origin), completion)
        }
        connections.names.addresses(of: prepared.host, until: min(deadline, .now() + OutboundConnections.connectTimeout)) { result in
            switch result {
            case .success(let addresses) where addresses.isEmpty: completion(.failure(Self.forbidden))
            case .success(let addresses): self.execute(call, at: addresses.prefix(Self.addressesTried))
            case .failure(let failure): completion(.failure(failure))
            }
        }
    }

    /// Like ``send(_:deadline:on:)``, for tasks. A cancelled task returns at once; its request continues until its deadline.
    package func answer(to request: OutboundRequest, deadline: NIODeadline) async throws(OutboundFailure) -> OutboundResponse {
        let (answers, answered) = AsyncStream<Result<OutboundResponse, OutboundFailure>>.makeStream()
        send(request, deadline: deadline) { result in
            answered.yield(result)
            answered.finish()
        }
        for await answer in answers { return try answer.get() }
        throw OutboundFailure(.timeout, "the caller no longer waits for the answer")
    }

    /// The most addresses of a name that one call tries: each one needs a client of its own.
    private static let addressesTried = 3

    private static func isLiteralToTheClient(_ host: String) -> Bool {
        let text = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return (try? SocketAddress(ipAddress: text, port: 0)) != nil
    }

    private struct Call: Sendable {
        let request: HTTPClient.Request
        let isRepeatable: Bool
        let deadline: NIODeadline
        let completion: Completion
    }

    private typealias Completion = @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void

    /// Sends the call to the first of the addresses that accepts a connection.
    private func execute(_ call: Call, at addresses: ArraySlice<String>) {
        let host = call.request.host
        guard let address = addresses.first, let (client, id) = connections.lease(host, at: address) else {
            return call.completion(.failure(OutboundFailure(.notSent, "this process is stopping")))
        }
        execute(call, client) { result in
            self.connections.giveBack(id)
            if case .failure(let failure) = result, failure.kind == .notSent, addresses.count > 1, .now() < call.deadline {
                self.connections.names.demote(address, of: host)
                return self.execute(call, at: addresses.dropFirst())
            }
            call.completion(result)
        }
    }

    /// - Parameter repeats: how many connections closed by the recipient the call may meet before it fails.
    private func execute(_ call: Call, _ client: HTTPClient, repeats: Int = 3, _ completion: @escaping Completion) {
        let collector = AnswerCollector(limit: answerLimit, room: connections.answers, host: call.request.host)
        let task = client.execute(request: call.request, delegate: collector, deadline: call.deadline)
        task.futureResult.whenComplete { result in
            collector.end()
            if case .failure(let error) = result, repeats > 0, Self.wasStale(error), call.isRepeatable || !collector.wasSent,
                .now() < call.deadline
            {
                return self.execute(call, client, repeats: repeats - 1, completion)
            }
            completion(result.mapError { Self.failure($0, wasSent: collector.wasSent) })
        }
    }

    /// Whether the call failed because its connection had been closed before.
    private static func wasStale(_ error: any Error) -> Bool {
        switch error {
        case is StaleConnectionHandler.Closed: true
        // The connection was closed before the call was written.
        case let error as ChannelError: error == .ioOnClosedChannel
        default: false
        }
    }

    private static let busy = OutboundFailure(.busy, "this process has no free connection for the call")
    private static let forbidden = OutboundFailure(.forbidden, "address is not allowed")

    private static func failure(_ error: any Error, wasSent: Bool) -> OutboundFailure {
        switch error {
        case let error as AnswerCollector.TooLarge:
            OutboundFailure(.broken, "answer is larger than \(error.limit) bytes", isAnswer: true)
        case is AnswerCollector.NoRoom:
            OutboundFailure(.broken, "answer is large, and incoming answers leave no room for it", isAnswer: true)
        case let error as HTTPClientError where !wasSent: OutboundFailure(.notSent, error.shortDescription)
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout || error == .writeTimeout:
            OutboundFailure(.timeout, "no answer in time")
        case let error as HTTPClientError: OutboundFailure(.broken, error.shortDescription)
        case is StaleConnectionHandler.Closed where wasSent: OutboundFailure(.broken, "connection ended before an answer")
        case let error as ResponseSequenceHandler.Violation: OutboundFailure(.broken, "its answer is no HTTP: \(error.reason)")
        case is IOError where !wasSent: OutboundFailure(.notSent, "no connection")
        case _ where !wasSent: OutboundFailure(.notSent, "connection could not be set up: \(type(of: error))")
        default: OutboundFailure(.broken, "connection or answer broken: \(type(of: error))")
        }
    }
}
