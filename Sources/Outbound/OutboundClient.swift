package import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOPosix
import OCPI

/// Sends HTTP requests, one answer each. Any thread may call; completions run on the client's event loops and must not block.
///
/// Never follows redirects and never uses a connection to an address that its policy forbids. Path and query go out as they stand in the URL.
/// Answers are asked for uncoded (`Accept-Encoding: identity`): nobody has to undo a coding to look into one.
/// It sends a request again only if it was given a connection that its recipient had left.
package final class OutboundClient: Sendable {
    private let client: HTTPClient
    private let policy: AddressPolicy
    private let answerLimit: Int

    /// - Parameters:
    ///   - client: from ``makeHTTPClient(policy:group:)`` with the same policy; shut down by whoever made it.
    ///   - policy: which addresses may be called.
    ///   - answerLimit: longest body of an answer, bytes.
    package init(client: HTTPClient, policy: AddressPolicy, answerLimit: Int) {
        self.client = client
        self.policy = policy
        self.answerLimit = answerLimit
    }

    /// The same client for answers of another length.
    package func limited(to answerLimit: Int) -> OutboundClient {
        OutboundClient(client: client, policy: policy, answerLimit: answerLimit)
    }

    /// The loops that completions run on; timers and hops for outbound work belong here too.
    package var eventLoops: any EventLoopGroup { client.eventLoopGroup }

    /// The one HTTP client of a process, for all recipients: pools and TLS contexts are shared.
    /// - Parameters:
    ///   - policy: which addresses may be called; enforced on every connection, also for requests not sent through ``OutboundClient``.
    ///   - group: where connections live.
    package static func makeHTTPClient(
        policy: AddressPolicy, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) -> HTTPClient {
        HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration(policy))
    }

    static func configuration(_ policy: AddressPolicy) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(3))
        // Shorter than the keep-alive of usual servers (Node.js, Apache: 5 s), so that we rarely write into a connection that is being closed.
        configuration.connectionPool.idleTimeout = .seconds(4)
        // The roles limit what is in flight per recipient; the pool must not be the narrower place.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            guard let address = channel.remoteAddress, policy.allows(address) else { return refuse(channel) }
            return RequestTarget.write(on: channel).flatMap { KeptConnection.watch(channel) }
        }
        configuration.http2ConnectionDebugInitializer = { channel in
            guard let address = channel.remoteAddress, policy.allows(address) else { return refuse(channel) }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        return configuration
    }

    /// Sends one request.
    /// - Parameters:
    ///   - deadline: when to give up; the connection is closed then.
    ///   - completion: called exactly once, on an event loop or, for a request that cannot be built, before `send` returns.
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
        guard policy.mayDial(prepared.host) else {
            return completion(.failure(OutboundFailure(.forbidden, "address is not allowed")))
        }
        execute(prepared, isRepeatable: request.isRepeatable, deadline: deadline, repeats: 3, completion)
    }

    /// As ``send(_:deadline:on:)``, for tasks. A task that is cancelled hears so at once; the request itself goes on until its deadline.
    package func answer(to request: OutboundRequest, deadline: NIODeadline) async throws(OutboundFailure) -> OutboundResponse {
        let (answers, answered) = AsyncStream<Result<OutboundResponse, OutboundFailure>>.makeStream()
        send(request, deadline: deadline) { result in
            answered.yield(result)
            answered.finish()
        }
        for await answer in answers { return try answer.get() }
        throw OutboundFailure(.timeout, "nobody waits for the answer any more")
    }

    /// - Parameter repeats: how often it may meet a connection that was left; after that it is a failure like any other.
    private func execute(
        _ request: HTTPClient.Request, isRepeatable: Bool, deadline: NIODeadline, repeats: Int,
        _ completion: @escaping @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void
    ) {
        let collector = AnswerCollector(limit: answerLimit)
        let task = client.execute(request: request, delegate: collector, deadline: deadline)
        task.futureResult.whenComplete { result in
            if case .failure(let error) = result, repeats > 0, Self.wasLeft(error), isRepeatable || !collector.wasSent, .now() < deadline {
                return self.execute(request, isRepeatable: isRepeatable, deadline: deadline, repeats: repeats - 1, completion)
            }
            completion(result.mapError { Self.failure($0, wasSent: collector.wasSent) })
        }
    }

    /// Whether the connection, not the recipient, failed the call.
    private static func wasLeft(_ error: any Error) -> Bool {
        switch error {
        case is KeptConnection.Left: true
        // Closed already when the call was to be written.
        case let error as ChannelError: error == .ioOnClosedChannel
        default: false
        }
    }

    /// A connection to a forbidden address: it is closed, and no request was written to it.
    private struct ForbiddenAddress: Error {}

    private static func refuse(_ channel: any Channel) -> EventLoopFuture<Void> {
        // Closed only after AsyncHTTPClient has heard of the failure: it takes the close of a connection that is still being made as
        // a state that cannot be.
        channel.eventLoop.execute { channel.close(promise: nil) }
        return channel.eventLoop.makeFailedFuture(ForbiddenAddress())
    }

    private static func failure(_ error: any Error, wasSent: Bool) -> OutboundFailure {
        switch error {
        case is ForbiddenAddress: OutboundFailure(.forbidden, "address is not allowed")
        case let error as AnswerCollector.TooLarge:
            OutboundFailure(.broken, "answer is larger than \(error.limit) bytes", isAnswer: true)
        case let error as HTTPClientError where !wasSent: OutboundFailure(.notSent, error.shortDescription)
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout || error == .writeTimeout:
            OutboundFailure(.timeout, "no answer in time")
        case let error as HTTPClientError: OutboundFailure(.broken, error.shortDescription)
        case is KeptConnection.Left where wasSent: OutboundFailure(.broken, "connection ended before an answer")
        case is NIOConnectionError where !wasSent: OutboundFailure(.notSent, "no connection")
        case _ where !wasSent: OutboundFailure(.notSent, "connection could not be set up: \(type(of: error))")
        default: OutboundFailure(.broken, "connection or answer broken: \(type(of: error))")
        }
    }
}
