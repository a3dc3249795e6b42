package import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOPosix
import OCPI
import Topics

/// Sends HTTP requests, one answer each. Any thread may call; completions run on the client's event loops and must not block.
///
/// Never follows redirects, never repeats a request by itself, and never uses a connection to an address that its policy forbids.
package final class OutboundClient: Sendable {
    private let client: HTTPClient
    private let policy: AddressPolicy
    private let answerLimit: Int

    /// - Parameters:
    ///   - client: from ``makeHTTPClient(policy:group:)`` with the same policy; shut down by whoever made it.
    ///   - policy: which addresses may be called.
    ///   - answerLimit: longest body of an answer, bytes.
    package init(client: HTTPClient, policy: AddressPolicy, answerLimit: Int = RecordLimits.answerBody) {
        self.client = client
        self.policy = policy
        self.answerLimit = answerLimit
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
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(3))
        // Shorter than the keep-alive of usual servers, so that we rarely write into a connection that is being closed.
        configuration.connectionPool.idleTimeout = .seconds(20)
        // The roles limit what is in flight per recipient; the pool must not be the narrower place.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            guard let address = channel.remoteAddress, policy.allows(address) else { return refuse(channel) }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        configuration.http2ConnectionDebugInitializer = configuration.http1_1ConnectionDebugInitializer
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Sends one request.
    /// - Parameters:
    ///   - deadline: when to give up; the connection is closed then.
    ///   - completion: called exactly once, on an event loop or, for a request that cannot be built, before `send` returns.
    package func send(
        _ request: OutboundRequest, deadline: NIODeadline,
        on completion: @escaping @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void
    ) {
        let prepared: HTTPClient.Request
        do {
            prepared = try HTTPClient.Request(
                url: request.url, method: HTTPMethod(rawValue: request.method.rawValue), headers: request.headers,
                body: request.body.map { .byteBuffer($0) })
        } catch {
            return completion(.failure(OutboundFailure(.forbidden, "not a URL that can be called")))
        }
        // AsyncHTTPClient would also dial Unix sockets.
        guard prepared.scheme == "http" || prepared.scheme == "https", policy.mayDial(prepared.host) else {
            return completion(.failure(OutboundFailure(.forbidden, "address is not allowed")))
        }
        let collector = AnswerCollector(limit: answerLimit)
        let task = client.execute(request: prepared, delegate: collector, deadline: deadline)
        task.futureResult.whenComplete { result in
            completion(result.mapError { Self.failure($0, wasSent: collector.wasSent) })
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
        case let error as AnswerCollector.TooLarge: OutboundFailure(.broken, "answer is larger than \(error.limit) bytes")
        case let error as HTTPClientError where !wasSent: OutboundFailure(.notSent, error.shortDescription)
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout || error == .writeTimeout:
            OutboundFailure(.timeout, "no answer in time")
        case let error as HTTPClientError: OutboundFailure(.broken, error.shortDescription)
        case is NIOConnectionError where !wasSent: OutboundFailure(.notSent, "no connection")
        case _ where !wasSent: OutboundFailure(.notSent, "connection could not be set up: \(type(of: error))")
        default: OutboundFailure(.broken, "connection or answer broken: \(type(of: error))")
        }
    }
}
