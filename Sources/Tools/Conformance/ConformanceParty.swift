import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import Synchronization

/// A platform with one or more parties and its own HTTP server. It records every request, answers by default or by a script, and calls the
/// hub.
final class ConformanceParty: Sendable {
    /// A role of a party.
    struct Role: Sendable, Hashable {
        let role: String
        let id: PartyID
    }

    /// Answers a request; nil for the default answer.
    typealias Script = @Sendable (Received) -> HubResponse?

    struct State {
        var script: Script?
        var tokenB = Token.generate()
        var tokenC: Token?
        /// The hub's endpoints, by module and interface.
        var endpoints: [Interface: String] = [:]
        var credentialsURL: String?
        /// Whether it was unreachable since the last `reset()`.
        var wasUnreachable = false
    }

    let roles: [Role]
    /// The interfaces that it advertises besides credentials.
    let interfaces: [Interface]
    let hub: HubUnderTest
    /// All requests since the last reset, in order of arrival, including configuration modules.
    let received = Inbox<Received>()
    let state = Mutex(State())
    /// A slash if its endpoint URLs end in one, else empty.
    private let slash: String
    private let reachAs: String
    private let servers = Mutex<ConformancePartyServer?>(nil)

    /// A party that does not listen yet.
    init(_ roles: [Role], _ interfaces: [Interface], trailingSlash: Bool = false, hub: HubUnderTest, place: Place) {
        self.roles = roles
        self.interfaces = interfaces
        self.hub = hub
        slash = trailingSlash ? "/" : ""
        reachAs = place.reachAs
        let server = ConformancePartyServer(host: place.listen, port: place.port) { [weak self] head, body in
            self?.answer(head, body) ?? .failure(2000, status: 503)
        }
        servers.withLock { $0 = server }
    }

    /// The address of a party's server.
    struct Place: Sendable {
        let listen: String
        let port: Int
        /// Host name or address at which the hub reaches it.
        let reachAs: String
    }

    /// Its first party.
    var id: PartyID { roles.first?.id ?? hub.party }
    /// Its parties, each once.
    var ids: [PartyID] { roles.map(\.id).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
    /// Prefix of its URLs for the hub; known after the first start.
    var base: String { "http://\(reachAs):\(servers.withLock { $0?.port } ?? 0)" }
    var versionsURL: String { base + "/hello/versions" }
    /// The token that it gave to the hub.
    var tokenB: Token { state.withLock { $0.tokenB } }
    /// The token that the hub gave to it; nil before registration.
    var tokenC: Token? { state.withLock { $0.tokenC } }

    /// Its URL of an interface, with a path that cannot be guessed.
    func url(_ module: ModuleID, _ interface: InterfaceRole) -> String {
        "\(base)/shelf/\(interface == .sender ? "out" : "in")-\(module.rawValue)\(slash)"
    }

    // MARK: Server

    /// Answers requests by this script until `reset()`.
    func script(_ script: @escaping Script) { state.withLock { $0.script = script } }

    func start() async throws { try await server?.start() }

    /// Stops the server: connections are refused, and open ones are closed.
    func stop() async {
        state.withLock { $0.wasUnreachable = true }
        await server?.stop()
    }

    /// Deletes requests and script, and listens again.
    /// - Returns: whether it was unreachable or left requests unanswered since the last reset.
    func reset() async throws -> Bool {
        try await server?.start()
        received.clear()
        return state.withLock { state in
            defer { state.wasUnreachable = false }
            state.script = nil
            return state.wasUnreachable
        }
    }

    private var server: ConformancePartyServer? { servers.withLock { $0 } }

    private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer) -> HubResponse {
        let (script, tokenB) = state.withLock { ($0.script, $0.tokenB) }
        let path = String(head.uri.prefix { $0 != "?" })
        let place = place(of: path)
        let presented = head.headers.first(name: OCPIHeader.authorization).map { Token.readings(authorization: $0) } ?? []
        let request = Received(
            method: OCPI.Method(rawValue: head.method.rawValue), target: head.uri, headers: head.headers, body: body,
            isAuthorized: presented.contains { $0.raw == tokenB.raw }, interface: place?.interface, rest: place?.rest ?? "")
        received.append(request)
        var answer = script?(request) ?? (request.isAuthorized ? ownAnswer(to: request) : .failure(2001, status: 401, "unknown token"))
        switch answer.timing {
        case .now: break
        case .after, .never, .broken: state.withLock { $0.wasUnreachable = true }
        }
        for (name, value) in Self.address(for: request) where !answer.headers.contains(name: name) {
            answer.headers.add(name: name, value: value)
        }
        return answer
    }

    private func place(of path: String) -> (interface: Interface, rest: String)? {
        for interface in interfaces {
            let own = "/shelf/\(interface.role == .sender ? "out" : "in")-\(interface.module.rawValue)"
            if path == own { return (interface, "") }
            if path.hasPrefix(own + "/") { return (interface, String(path.dropFirst(own.count + 1))) }
        }
        return nil
    }

    /// Repeats the message ids and swaps the routing headers (OCPI 2.2.1, 4.1.2 and 4.4).
    private static func address(for request: Received) -> [(name: String, value: String)] {
        let repeated = [
            (OCPIHeader.requestID, OCPIHeader.requestID), (OCPIHeader.correlationID, OCPIHeader.correlationID),
            (OCPIHeader.toCountry, OCPIHeader.fromCountry), (OCPIHeader.toParty, OCPIHeader.fromParty),
            (OCPIHeader.fromCountry, OCPIHeader.toCountry), (OCPIHeader.fromParty, OCPIHeader.toParty),
        ]
        return repeated.compactMap { name, source in request.header(source).map { (name, $0) } }
    }

    // MARK: Waiting

    /// Waits for the request that a call caused here: the one with the same correlation id.
    /// - Throws: `Unmet` if it does not arrive.
    @discardableResult
    func arrival(of reply: Reply, within limit: Duration = .seconds(15)) async throws(Unmet) -> Received {
        guard let id = reply.correlationID else { throw Unmet("the call had no X-Correlation-ID to recognise it by") }
        return try await arrival("\(reply.line) with X-Correlation-ID \(id)", within: limit) { $0.correlationID == id }
    }

    /// Waits for the first matching request, including those that have already arrived.
    @discardableResult
    func arrival(
        _ what: String, within limit: Duration = .seconds(15), where fits: @escaping @Sendable (Received) -> Bool
    ) async throws(Unmet) -> Received {
        let entries = await received.wait(within: limit) { $0.contains(where: fits) }
        guard let request = entries?.first(where: fits) else { throw Unmet("\(what) did not reach \(id)") }
        return request
    }

    /// The requests with the correlation id of a call that have arrived so far.
    func arrivals(of reply: Reply) -> [Received] { received.entries.filter { $0.correlationID == reply.correlationID } }
}
