import Encoding
import NIOCore
package import OCPI
import Synchronization

/// A platform with its own HTTP server that registers by the credentials handshake, with one party or several. May be used from any thread.
package final class TestbedParty: Sendable {
    /// Answers a request to one of the party's modules, or never if nil; `path` is the rest of the path after the module. Called on an
    /// event loop; must not block.
    package typealias Responder = @Sendable (_ request: Served, _ module: String, _ path: String) -> Serving?

    private struct Registration {
        var tokenC: Token?
        var endpoints: [String: String] = [:]
    }

    /// The first party of the platform.
    package let id: PartyID
    private let others: [PartyID]
    private let role: String
    private let modules: [(module: ModuleID, role: InterfaceRole)]
    private let endpointSuffix: String
    private let respond: Responder
    /// The token that the hub must present.
    let tokenB = Token.generate()
    private let registration = Mutex(Registration())
    private let server = Mutex<TestbedPartyServer?>(nil)

    /// - Parameters:
    ///   - others: further parties of the same platform.
    ///   - role: the role in the credentials object, e.g. `CPO`.
    ///   - modules: the advertised modules besides credentials.
    ///   - endpointSuffix: suffix of every advertised endpoint URL.
    package init(
        _ id: PartyID, others: [PartyID] = [], role: String, modules: [(module: ModuleID, role: InterfaceRole)],
        endpointSuffix: String = "", _ respond: @escaping Responder
    ) {
        self.id = id
        self.others = others
        self.role = role
        self.modules = modules
        self.endpointSuffix = endpointSuffix
        self.respond = respond
    }

    /// Listens on a free port.
    package func start() async throws {
        let server = TestbedPartyServer { [weak self] request in
            guard let self else { return Self.refusal(503, "closed") }
            return serve(request)
        }
        self.server.withLock { $0 = server }
        try await server.start()
    }

    /// Stops listening and closes every connection.
    package func stop() async { await server.withLock { $0 }?.stop() }

    /// Registers: gets token A from the node's operator, reads versions and details, and sends POST credentials.
    /// - Throws: ``TestbedFailure`` that names the failed step.
    package func register(adminURL: String, adminToken: String, caller: Caller) async throws {
        let invitation = try await caller.call(
            "POST", "\(adminURL)/admin/generate-registration-token", headers: [(OCPIHeader.authorization, "Token \(adminToken)")],
            body: JSONValue.array(parties.map { ["party_id": .string($0.party), "country_code": .string($0.country)] }).encoded())
        guard invitation.status == 200, let tokenA = invitation.body.jsonString(["token"]),
            let versionsURL = invitation.body.jsonString(["versions"])
        else { throw failure("was not invited", invitation) }
        let authorization = [(OCPIHeader.authorization, Token(tokenA).authorization(encoding: .base64))]
        let versions = try await caller.call("GET", versionsURL, headers: authorization)
        let entry = try data(of: versions, "got no versions").array?.first { $0["version"]?.string == "2.2.1" }
        guard let detailsURL = entry?["url"]?.string else { throw failure("found no version 2.2.1", versions) }
        let details = try await caller.call("GET", detailsURL, headers: authorization)
        var endpoints: [String: String] = [:]
        var credentialsURL: String?
        for endpoint in try data(of: details, "got no version details")["endpoints"]?.array ?? [] {
            guard let module = endpoint["identifier"]?.string, let url = endpoint["url"]?.string else { continue }
            // The role of a credentials endpoint has no meaning (OCPI 2.2.1, 6.2).
            if module == "credentials" { credentialsURL = url }
            endpoints["\(module)/\(endpoint["role"]?.string ?? "")"] = url
        }
        guard let credentialsURL else { throw failure("found no credentials endpoint", details) }
        let answer = try await caller.call("POST", credentialsURL, headers: authorization, body: credentials.encoded())
        guard let tokenC = try data(of: answer, "was not registered")["token"]?.string else { throw failure("got no token C", answer) }
        registration.withLock { $0 = Registration(tokenC: Token(tokenC), endpoints: endpoints) }
    }

    /// The URL of the node's receiver interface of a module.
    package func endpoint(_ module: ModuleID) throws -> String {
        guard let url = registration.withLock({ $0.endpoints["\(module.rawValue)/\(InterfaceRole.receiver.rawValue)"] }) else {
            throw TestbedFailure("the node advertises no \(module.rawValue) receiver to \(id)")
        }
        return url
    }

    /// The headers of every request to another party.
    /// - Parameter sender: one of the platform's parties; nil for the first one.
    package func headers(
        from sender: PartyID? = nil, to other: PartyID, requestID: String, correlationID: String
    ) -> [(String, String)] {
        let sender = sender ?? id
        return [
            (OCPIHeader.authorization, authorization),
            (OCPIHeader.requestID, requestID), (OCPIHeader.correlationID, correlationID),
            (OCPIHeader.fromCountry, sender.country), (OCPIHeader.fromParty, sender.party),
            (OCPIHeader.toCountry, other.country), (OCPIHeader.toParty, other.party),
        ]
    }

    /// The value of `Authorization`; empty until it is registered.
    package var authorization: String { registration.withLock { $0.tokenC }?.authorization(encoding: .base64) ?? "" }

    /// An OCPI error with an HTTP status.
    package static func refusal(_ status: Int, _ message: String) -> Serving {
        Serving(status: status, body: Envelope.error(code: .clientError, message: message))
    }

    /// Its base URL, without a trailing slash; empty unless it listens.
    package var url: String { server.withLock { $0 }?.url ?? "" }

    private var parties: [PartyID] { [id] + others }

    private func serve(_ request: Served) -> Serving? {
        let presented = request.header(OCPIHeader.authorization).map { Token.readings(authorization: $0) } ?? []
        guard presented.contains(where: { $0.raw == tokenB.raw }) else { return Self.refusal(401, "unknown token") }
        let segments = request.path.split(separator: "/")
        switch (request.method, segments) {
        case ("GET", ["ocpi", "versions"]):
            return Serving(body: Envelope.success(data: [["version": "2.2.1", "url": .string("\(url)/ocpi/2.2.1")]]))
        case ("GET", ["ocpi", "2.2.1"]):
            return Serving(body: Envelope.success(data: ["version": "2.2.1", "endpoints": .array(endpointObjects)]))
        case (_, _) where segments.count > 2 && segments.prefix(2) == ["ocpi", "2.2.1"]:
            return respond(request, String(segments[2]), segments.dropFirst(3).joined(separator: "/"))
        default: return Self.refusal(404, "nothing here")
        }
    }

    private var credentials: JSONValue {
        [
            "token": .string(tokenB.raw), "url": .string("\(url)/ocpi/versions"),
            "roles": .array(
                parties.map {
                    [
                        "role": .string(role), "party_id": .string($0.party), "country_code": .string($0.country),
                        "business_details": ["name": .string($0.description)],
                    ]
                }),
        ]
    }

    private var endpointObjects: [JSONValue] {
        ([(ModuleID.credentials, InterfaceRole.sender)] + modules.map { ($0.module, $0.role) }).map { module, role in
            [
                "identifier": .string(module.rawValue), "role": .string(role.rawValue),
                "url": .string("\(url)/ocpi/2.2.1/\(module.rawValue)" + (module == .credentials ? "" : endpointSuffix)),
            ]
        }
    }

    private func data(of answer: Caller.Answer, _ complaint: String) throws -> JSONValue {
        guard answer.status == 200, answer.code == 1000, let data = try? JSONValue.parse(answer.body)["data"] else {
            throw failure(complaint, answer)
        }
        return data
    }

    /// The message of the node's answer, never its body, which may contain a token.
    private func failure(_ complaint: String, _ answer: Caller.Answer) -> TestbedFailure {
        let message = answer.body.jsonString(["status_message"]).map { ": \($0)" } ?? ""
        return TestbedFailure("\(id) \(complaint): HTTP \(answer.status), OCPI \(answer.code.map(String.init) ?? "-")\(message)")
    }
}
