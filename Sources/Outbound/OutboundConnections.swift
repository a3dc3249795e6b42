import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// All connections of a process to the outside, and the one place that says where they lead.
///
/// Names are looked up here, and the address that was judged is the one that is dialled: nobody looks the name up again in between, when it
/// could lead elsewhere. A forbidden address sees no connection.
package final class OutboundConnections: Sendable {
    let policy: AddressPolicy
    let names: NameLookups
    let answers: AnswerRoom
    /// For hosts that are addresses, one for each loop.
    private let direct: [HTTPClient]
    private let group: any EventLoopGroup
    private let maxCalls: Int
    let connectionsPerHost: Int
    private let calls = Mutex(0)
    private let pins = Mutex(Pins<HTTPClient>())

    /// - Parameters:
    ///   - policy: which addresses may be called.
    ///   - maxCalls: most at a time, each of which needs a connection. Those that were just ended keep theirs for four seconds more.
    ///   - perHost: most connections to one host, which several recipients may share. A pool keeps room for as many from the start.
    ///   - answerBytes: of answers that are coming in, in all; a quarter of them from one host.
    ///   - group: where connections live.
    ///   - resolve: the addresses of a name; nil for the system's resolver.
    package init(
        policy: AddressPolicy, maxCalls: Int = .max, perHost: Int = 512, answerBytes: Int = 256 * 1024 * 1024,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        resolve: (@Sendable (_ host: String) -> EventLoopFuture<[SocketAddress]>)? = nil
    ) {
        self.policy = policy
        self.maxCalls = maxCalls
        connectionsPerHost = max(1, min(perHost, maxCalls))
        answers = AnswerRoom(bytes: answerBytes)
        self.group = group
        let configuration = Self.configuration(connectionsPerHost)
        direct = Array(group.makeIterator()).map { HTTPClient(eventLoopGroupProvider: .shared($0), configuration: configuration) }
        names = NameLookups(policy: policy, group: group, resolve: resolve)
    }

    /// The loops that completions run on; timers and hops for outbound work belong here too.
    package var eventLoops: any EventLoopGroup { group }

    /// Ends all connections. What is under way fails.
    package func shutdown() async {
        for client in direct { try? await client.shutdown() }
        for client in pins.withLock({ $0.close() }) { try? await client.shutdown() }
    }

    // MARK: Calls

    /// Takes a place for a call; `false` when there is none.
    func beginCall() -> Bool {
        calls.withLock { calls in
            guard calls < maxCalls else { return false }
            calls += 1
            return true
        }
    }

    func endCall() { calls.withLock { $0 -= 1 } }

    // MARK: Clients

    // Each client has one loop. Where a call and its connection are on two, an answer that comes before the request's end and the close behind
    // it can overtake each other: AsyncHTTPClient 1.37 then gives back a connection that it has forgotten, and ends the process.

    /// The client for an origin whose host is an address.
    func direct(_ origin: String) -> HTTPClient { direct[Int(UInt(bitPattern: origin.hashValue) % UInt(direct.count))] }

    /// A client that dials this address for this name, in use until it is given back; nil after the shutdown.
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

    /// Nobody uses these, so nothing is broken off.
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

    /// Between the decoder and whoever makes calls. On the channel's event loop.
    private static func watchAnswers(on channel: any Channel) throws {
        let handlers = channel.pipeline.syncOperations
        let decoder = try handlers.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try handlers.addHandlers([ResponseSequenceHandler(), StaleConnectionHandler()], position: .after(decoder))
    }

    /// How long a name may take, and how long a connection.
    static let connectTimeout = TimeAmount.seconds(3)
}
