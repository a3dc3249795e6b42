package import OCPI
import Synchronization

/// A platform with one or more parties and its own HTTP server, which registers with a hub by the credentials handshake. Thread-safe.
package final class TestParty: Sendable {
    /// Answers a request. Called on event loops, concurrently; must not block.
    package typealias Responder = @Sendable (PartyRequest) -> ServerAnswer

    /// The address of a party's server.
    package struct Place: Sendable {
        /// Address to listen on.
        package let listen: String
        /// 0 for a free port.
        package let port: Int
        /// Host name or address at which the hub reaches it.
        package let reachAs: String

        /// - Parameters: as the properties say.
        package init(listen: String = "127.0.0.1", port: Int = 0, reachAs: String? = nil) {
            self.listen = listen
            self.port = port
            self.reachAs = reachAs ?? listen
        }
    }

    struct Registration {
        var tokenB = Token.generate()
        var tokenC: Token?
        /// The hub's endpoints.
        var endpoints: [Interface: String] = [:]
        var credentialsURL: String?
    }

    /// Its roles, interfaces and versions.
    package let description: PartyDescription
    /// Its HTTP client.
    package let caller: PartyCaller
    /// Timeout of a call of the handshake.
    let limit: Duration
    let registration = Mutex(Registration())
    private let modules: Responder
    private let server: PartyServer
    private let reachAs: String

    /// A party that does not listen yet.
    /// - Parameters:
    ///   - limit: timeout of a call of the handshake.
    ///   - modules: answers authorized requests to its interfaces.
    package init(
        _ description: PartyDescription, at place: Place = Place(), caller: PartyCaller = PartyCaller(), limit: Duration = .seconds(20),
        modules: @escaping Responder = { _ in .failure(2000, status: 405, "not served") }
    ) {
        self.description = description
        self.caller = caller
        self.limit = limit
        self.modules = modules
        server = PartyServer(host: place.listen, port: place.port)
        reachAs = place.reachAs
    }

    /// Its first party.
    package var id: PartyID { description.first.id }
    /// Prefix of its URLs for the hub, without a trailing slash; known after the first start.
    package var url: String { "http://\(reachAs):\(server.port)" }
    /// Its versions endpoint.
    package var versionsURL: String { "\(url)\(description.paths.configuration)/versions" }
    /// The token that it gives to the hub.
    package var tokenB: Token { registration.withLock { $0.tokenB } }
    /// The token that the hub gave to it; nil before registration.
    package var tokenC: Token? { registration.withLock { $0.tokenC } }
    /// Token C as the value of `Authorization`; empty before registration.
    package var authorization: String { tokenC?.authorization(encoding: .base64) ?? "" }

    /// Its URL of an interface.
    package func url(of interface: Interface) -> String { url + description.paths.interface(interface) + description.paths.suffix }

    /// The hub's URL of an interface.
    /// - Throws: ``HandshakeFailure`` if the hub does not advertise it.
    package func endpoint(_ interface: Interface) throws(HandshakeFailure) -> String {
        guard let url = registration.withLock({ $0.endpoints[interface] }) else {
            throw HandshakeFailure("the hub advertises no \(interface.module) \(interface.role.rawValue) to \(id)")
        }
        return url
    }

    /// Replaces the token that it gives to the hub.
    package func change(tokenB: Token) { registration.withLock { $0.tokenB = tokenB } }

    /// Adds an endpoint that the hub does not advertise.
    package func learn(_ interface: Interface, at url: String) { registration.withLock { $0.endpoints[interface] = url } }

    // MARK: Server

    /// Starts its server, after a stop on the same port, and answers by ``answer(to:)``.
    package func start() async throws {
        try await start { [weak self] request in self?.answer(to: request) ?? .failure(2000, status: 503, "closed") }
    }

    /// Starts its server, and answers every request by this closure.
    package func start(_ respond: @escaping Responder) async throws {
        try await server.start { [weak self] request in
            guard let self else { return .failure(2000, status: 503, "closed") }
            return respond(read(request))
        }
    }

    /// Stops listening and closes every connection, even before outstanding answers.
    package func stop() async { await server.stop() }

    /// Stops listening, sends outstanding answers, and closes every connection.
    package func finish() async { await server.finish() }

    /// Its default answer: configuration modules, then its interfaces. A wrong token gets 401.
    package func answer(to request: PartyRequest) -> ServerAnswer { answer(to: request, modules: modules) }

    /// The same with other answers for its interfaces.
    package func answer(to request: PartyRequest, modules: (PartyRequest) -> ServerAnswer) -> ServerAnswer {
        guard request.isAuthorized else { return .failure(2001, status: 401, "unknown token") }
        return request.interface == nil ? configuration(request) : modules(request)
    }

    private func read(_ request: ServerRequest) -> PartyRequest {
        let presented = request.header(OCPIHeader.authorization).map { Token.readings(authorization: $0) } ?? []
        let tokenB = tokenB
        let place = place(of: request.path)
        return PartyRequest(
            http: request, isAuthorized: presented.contains { $0.raw == tokenB.raw }, interface: place?.interface, rest: place?.rest ?? "")
    }

    private func place(of path: String) -> (interface: Interface, rest: String)? {
        for interface in description.interfaces {
            let own = description.paths.interface(interface)
            if path == own { return (interface, "") }
            if path.hasPrefix(own + "/") { return (interface, String(path.dropFirst(own.count + 1))) }
        }
        return nil
    }
}
