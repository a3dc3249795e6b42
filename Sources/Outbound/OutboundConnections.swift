import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// All outbound connections of a process. It alone decides to which address a connection goes.
///
/// Host names are resolved here, and the connection goes to the address that was checked: AsyncHTTPClient does not resolve the name again,
/// which could yield another address in the meantime. No connection is made to a forbidden address.
package final class OutboundConnections: Sendable {
    let policy: AddressPolicy
    let names: NameLookups
    let answers: AnswerQuota
    /// The clients for hosts that are addresses, one for each event loop.
    private let direct: [HTTPClient]
    private let group: any EventLoopGroup
    private let maxCalls: Int
    let connectionsPerHost: Int
    private let calls = Mutex(0)
    private let pins = Mutex(PinnedClients<HTTPClient>())

    /// - Parameters:
    ///   - policy: which addresses may be called.
    ///   - maxCalls: the most concurrent calls, each of which needs a connection. Idle connections stay open for four seconds more.
    ///   - perHost: the most connections to one host, which several recipients may share. A pool allocates room for as many from the start.
    ///   - answerBytes: the most bytes of incoming answers; one host may use a quarter.
    ///   - group: the event loops of the connections.
    ///   - resolve: resolves a name to its addresses; nil for the system's resolver.
    package init(
        policy: AddressPolicy, maxCalls: Int = .max, perHost: Int = 512, answerBytes: Int = 256 * 1024 * 1024,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        resolve: (@Sendable (_ host: String) -> EventLoopFuture<[SocketAddress]>)? = nil
    ) {
        self.policy = policy
        self.maxCalls = maxCalls
        connectionsPerHost = max(1, min(perHost, maxCalls))
        answers = AnswerQuota(bytes: answerBytes)
        self.group = group
        let configuration = Self.configuration(connectionsPerHost)
        direct = Array(group.makeIterator()).map { HTTPClient(eventLoopGroupProvider: .shared($0), configuration: configuration) }
        names = NameLookups(policy: policy, group: group, resolve: resolve)
    }

    /// The event loops of the completions; timers for outbound work belong here too.
    package var eventLoops: any EventLoopGroup { group }

    /// Closes all connections. Running calls fail.
    package func shutdown() async {
        for client in direct { try? await client.shutdown() }
        for client in pins.withLock({ $0.close() }) { try? await client.shutdown() }
    }

    // MARK: Calls

    /// Reserves a place for a call; `false` when the limit is reached.
    func beginCall() -> Bool {
        calls.withLock { calls in
            guard calls < maxCalls else { return false }
            calls += 1
            return true
        }
    }

    func endCall() { calls.withLock { $0 -= 1 } }

    // MARK: Clients

    // Each client has one event loop. If a call and its connection are on different loops, an answer that comes before the request's end
    // and the following close can overtake each other: AsyncHTTPClient 1.37 then returns a connection that it has forgotten, and ends the
    // process.

    /// The client for an origin whose host is an address.
    func direct(_ origin: String) -> HTTPClient { direct[Int(UInt(bitPattern: origin.hashValue) % UInt(direct.count))] }

    /// Leases a client that connects to this address for this name, until it is returned; nil after the shutdown.
    func lease(_ host: String, at address: String) -> (client: HTTPClient, id: Int)? {
        let (lease, retired) = pins.withLock { pins in
            pins.lease(host, at: address) {
                HTTPClient(eventLoopGroupProvider: .shared(group.next()), configuration: Self.pinned($0, connectionsPerHost))
            }
        }
        end(retired)
        return lease
    }

    func giveBack(_ id: Int) { end(pins.withLock { $0.giveBack(id) }) }

    /// Shuts down clients that are not in use, so no call is aborted.
    private func end(_ clients: [HTTPClient]) {
        for client in clients { client.shutdown { _ in } }
    }

    // MARK: Configuration

    private static func pinned(_ addresses: [String: String], _ connectionsPerHost: Int) -> HTTPClient.Configuration {
        var configuration = Self.configuration(connectionsPerHost)
        configuration.dnsOverride = addresses
        return configuration
    }

    private static func configuration(_ connectionsPerHost: Int) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout = HTTPClient.Configuration.Timeout(connect: connectTimeout)
        // Shorter than the keep-alive of usual servers (Node.js, Apache: 5 s), so that we rarely write into a connection that is being closed.
        configuration.connectionPool.idleTimeout = .seconds(4)
        // The roles limit what is in flight per recipient; the pool must not be the narrower place.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerHost
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            RequestTarget.write(on: channel).flatMapThrowing { try Self.watchAnswers(on: channel) }
        }
        return configuration
    }

    /// Inserts the handlers between HTTP decoder and client. Must run on the channel's event loop.
    private static func watchAnswers(on channel: any Channel) throws {
        let handlers = channel.pipeline.syncOperations
        let decoder = try handlers.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try handlers.addHandlers([ResponseSequenceHandler(), StaleConnectionHandler()], position: .after(decoder))
    }

    /// The time limit of a name lookup, and of a connection attempt.
    static let connectTimeout = TimeAmount.seconds(3)
}
