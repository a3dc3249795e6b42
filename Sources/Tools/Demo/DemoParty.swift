import Encoding
package import NIOCore
package import OCPI
import Synchronization

/// A party with its own HTTP server: versions, details, credentials and the modules of its role. It registers with its node by the
/// credentials handshake and sends requests to the network through it.
package final class DemoParty: Sendable {
    /// Its id, name and role.
    package let profile: PartyProfile
    /// All requests received with its token, including configuration modules, in order of arrival.
    package let received = Journal<ReceivedRequest>()
    /// All calls after registration, in order of completion.
    package let sent = Journal<SentRequest>()

    private struct Link {
        var tokenC: Token?
        var endpoints: [String: String] = [:]
        var callbackFailure: String?
    }

    private let modules: PartyModules
    private let tokenB = Token.generate()
    private let link = Mutex(Link())
    private let servers = Mutex<LoopbackServer?>(nil)

    /// A party that does not listen yet.
    package init(_ profile: PartyProfile) {
        self.profile = profile
        modules = PartyModules(part: profile.part)
    }

    /// Base URL of its server; empty before the first start.
    package var url: String { servers.withLock { $0?.url } ?? "" }

    /// The token that its node issued; nil before registration. It is printed by `--keep-running`.
    package var tokenC: Token? { link.withLock { $0.tokenC } }

    /// Sets what a CPO serves.
    func offer(_ sites: [DemoSite]) { modules.offer(sites) }

    /// Sets what an eMSP serves.
    func offer(_ driver: DriverToken) { modules.offer(driver) }

    /// Starts its server on a free port, or after `stop()` on the previous one.
    package func start() async throws {
        let server = servers.withLock { server in
            if let server { return server }
            // The reference is weak so that a released party answers nothing.
            let new = LoopbackServer { [weak self] in await self?.answer($0) ?? PartyModules.refusal(503, "closed") }
            server = new
            return new
        }
        try await server.start()
        modules.moved(to: server.url)
    }

    /// Stops its server; further connections are refused.
    package func stop() async { await servers.withLock { $0 }?.stop() }

    // MARK: Registration

    /// Registers with the node: gets token A from its operator, reads versions and details, and sends POST credentials with token B. The
    /// answer contains token C.
    /// - Throws: `PartyCallFailure` that names the failed step.
    package func register(publicURL: String, adminURL: String, adminToken: String) async throws {
        let invitation = try await PartyClient.call(
            .post, "\(adminURL)/admin/generate-registration-token", authorization: "Token \(adminToken)",
            body: JSONValue.array([["party_id": .string(profile.id.party), "country_code": .string(profile.id.country)]]).encoded())
        guard invitation.status == 200, let tokenA = invitation.body.jsonString(["token"]),
            let versionsURL = invitation.body.jsonString(["versions"])
        else { throw failure("was not invited by \(adminURL)", invitation) }
        let authorizationA = Token(tokenA).authorization(encoding: .base64)

        let versions = try await PartyClient.call(.get, versionsURL, authorization: authorizationA)
        let entries = try data(of: versions, "got no versions").array ?? []
        guard let detailsURL = entries.first(where: { $0["version"]?.string == "2.2.1" })?["url"]?.string else {
            throw failure("found no version 2.2.1", versions)
        }
        let details = try await PartyClient.call(.get, detailsURL, authorization: authorizationA)
        var endpoints: [String: String] = [:]
        for endpoint in try data(of: details, "got no version details")["endpoints"]?.array ?? [] {
            guard let module = endpoint["identifier"]?.string, let url = endpoint["url"]?.string else { continue }
            endpoints[Self.key(module, endpoint["role"]?.string ?? "")] = url
        }
        // The role of a credentials endpoint has no meaning (OCPI 2.2.1, 6.2).
        guard let credentialsURL = endpoints.first(where: { $0.key.hasPrefix("credentials/") })?.value else {
            throw failure("found no credentials endpoint", details)
        }
        let credentials = try await PartyClient.call(.post, credentialsURL, authorization: authorizationA, body: ownCredentials.encoded())
        guard let tokenC = try data(of: credentials, "was not registered")["token"]?.string else {
            throw failure("got no token C", credentials)
        }
        // The details do not list custom modules; they are below this path.
        endpoints[Self.key("invoices", InterfaceRole.receiver.rawValue)] = "\(publicURL)/ocpi/custom/receiver/invoices"
        link.withLock { link in
            link.tokenC = Token(tokenC)
            link.endpoints = endpoints
        }
    }

    // MARK: Calls

    /// Calls another party's interface through the node, at the endpoint that the node advertises for it.
    package func send(
        _ method: OCPI.Method, _ module: String, _ interface: InterfaceRole, path: String = "", query: String? = nil, to: PartyID,
        body: ByteBuffer? = nil
    ) async throws -> SentRequest {
        guard let endpoint = link.withLock({ $0.endpoints[Self.key(module, interface.rawValue)] }) else {
            throw PartyCallFailure(description: "\(profile.id): the node advertises no \(module) \(interface.rawValue)")
        }
        return try await call(method, URLJoin.join(endpoint, path, query: query), to: to, body: body)
    }

    /// Calls a URL that the node handed out: a next page, a CDR's `Location`, a `response_url`.
    package func call(_ method: OCPI.Method, _ url: String, to: PartyID, body: ByteBuffer? = nil) async throws -> SentRequest {
        guard let tokenC else { throw PartyCallFailure(description: "\(profile.id) is not registered") }
        let answer = try await PartyClient.call(
            method, url, authorization: tokenC.authorization(encoding: .base64), route: (profile.id, to), body: body)
        sent.append(answer)
        return answer
    }

    /// The reason why the latest command result could not be sent, if there is one.
    package var callbackFailure: String? { link.withLock { $0.callbackFailure } }

    // MARK: Server

    private func answer(_ request: ServedRequest) async -> ServedAnswer {
        let time = Timestamp.now
        let presented = request.header(OCPIHeader.authorization).map { Token.readings(authorization: $0) } ?? []
        guard presented.contains(where: { $0.raw == tokenB.raw }) else {
            return ServedAnswer(status: 401, body: Envelope.error(code: .invalidParameters, message: "unknown token"))
        }
        let answer = answerKnown(request).repeating(Self.messageHeaders(for: request))
        received.append(ReceivedRequest(request: request, answer: answer, time: time))
        if profile.part == .cpo { sendCommandResult(for: request) }
        return answer
    }

    /// Repeats the message ids and swaps the routing headers (OCPI 2.2.1, 4.1.2 and 4.4).
    private static func messageHeaders(for request: ServedRequest) -> [(name: String, value: String)] {
        let repeated = [
            (OCPIHeader.requestID, OCPIHeader.requestID), (OCPIHeader.correlationID, OCPIHeader.correlationID),
            (OCPIHeader.toCountry, OCPIHeader.fromCountry), (OCPIHeader.toParty, OCPIHeader.fromParty),
            (OCPIHeader.fromCountry, OCPIHeader.toCountry), (OCPIHeader.fromParty, OCPIHeader.toParty),
        ]
        return repeated.compactMap { name, source in request.header(source).map { (name, $0) } }
    }

    private func answerKnown(_ request: ServedRequest) -> ServedAnswer {
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: true)
        switch (request.method, segments) {
        case ("GET", ["ocpi", "versions"]):
            return ServedAnswer(body: Envelope.success(data: [["version": "2.2.1", "url": .string("\(url)/ocpi/2.2.1")]]))
        case ("GET", ["ocpi", "2.2.1"]):
            return ServedAnswer(body: Envelope.success(data: ["version": "2.2.1", "endpoints": .array(endpointObjects)]))
        case ("GET", ["ocpi", "2.2.1", "credentials"]):
            return ServedAnswer(body: Envelope.success(data: ownCredentials))
        case ("PUT", ["ocpi", "2.2.1", "credentials"]):
            guard let token = request.body.jsonString(["token"]) else { return PartyModules.refusal(400, "no token") }
            link.withLock { $0.tokenC = Token(token) }
            return ServedAnswer(body: Envelope.success(data: ownCredentials))
        default:
            guard segments.count >= 3, segments.prefix(2) == ["ocpi", "2.2.1"] else { return PartyModules.refusal(404, "nothing here") }
            return modules.answer(request, module: String(segments[2]), path: segments.dropFirst(3).joined(separator: "/"))
        }
    }

    /// Sends the result of a command after it was answered.
    private func sendCommandResult(for command: ServedRequest) {
        guard command.method == "POST", command.path.hasPrefix("/ocpi/2.2.1/commands/"),
            let responseURL = command.body.jsonString(["response_url"]),
            let country = command.header(OCPIHeader.fromCountry), let party = command.header(OCPIHeader.fromParty),
            let requester = PartyID(country: country, party: party)
        else { return }
        Task {
            do {
                _ = try await self.call(.post, responseURL, to: requester, body: Self.commandResult)
            } catch {
                self.link.withLock { $0.callbackFailure = "\(error)" }
            }
        }
    }

    /// The result that a CPO posts to a `response_url`.
    static let commandResult = JSONValue.object(["result": "ACCEPTED"]).encoded()

    private var ownCredentials: JSONValue {
        [
            "token": .string(tokenB.raw), "url": .string("\(url)/ocpi/versions"),
            "roles": [
                [
                    "role": .string(profile.part.rawValue), "party_id": .string(profile.id.party),
                    "country_code": .string(profile.id.country), "business_details": ["name": .string(profile.name)],
                ]
            ],
        ]
    }

    private var endpointObjects: [JSONValue] {
        let modules = [("credentials", InterfaceRole.sender)] + modules.endpoints.map { ($0.module, $0.role) }
        return modules.map { module, role in
            [
                "identifier": .string(module), "role": .string(role.rawValue), "url": .string("\(url)/ocpi/2.2.1/\(module)"),
            ]
        }
    }

    private static func key(_ module: String, _ role: String) -> String { "\(module)/\(role)" }

    /// The `data` of a successful answer of the node.
    private func data(of answer: SentRequest, _ complaint: String) throws -> JSONValue {
        let envelope = try? JSONValue.parse(answer.body)
        guard answer.status == 200, let envelope, envelope["status_code"]?.int == 1000, let data = envelope["data"] else {
            throw failure(complaint, answer)
        }
        return data
    }

    /// The message of the node's answer, never its body, which may contain a token.
    private func failure(_ complaint: String, _ answer: SentRequest) -> PartyCallFailure {
        let status = answer.ocpiStatus.map { ", OCPI \($0)" } ?? ""
        let message = answer.body.jsonString(["status_message"]).map { ": \($0)" } ?? ""
        return PartyCallFailure(description: "\(profile.id) \(complaint): HTTP \(answer.status)\(status)\(message)")
    }
}
