import Encoding
package import NIOCore
import NIOHTTP1
package import OCPI
import Synchronization
package import TestParties

/// A party with its own HTTP server: versions, details, credentials and the modules of its role. It registers with its node by the
/// credentials handshake and sends requests to the network through it.
package final class DemoParty: Sendable {
    /// Its id, name and role.
    package let profile: PartyProfile
    /// All requests received with its token, including configuration modules, in order of arrival.
    package let received = Inbox<ReceivedRequest>()
    /// All calls after registration, in order of completion.
    package let sent = Inbox<SentRequest>()

    /// Lives as long as the program.
    private static let caller = PartyCaller()
    /// A custom module, which stands in no details of a node.
    private static let invoices = ModuleID(rawValue: "invoices")
    private let modules: PartyModules
    private let party: TestParty
    private let failure = Mutex<String?>(nil)

    /// A party that does not listen yet.
    package init(_ profile: PartyProfile) {
        self.profile = profile
        modules = PartyModules(part: profile.part)
        party = TestParty(
            PartyDescription(PartyDescription.Role(profile.part.rawValue, profile.id, name: profile.name), modules.interfaces),
            caller: Self.caller)
    }

    /// Base URL of its server, once it was started.
    package var url: String { party.url }

    /// The token that its node issued; nil before registration. It is printed by `--keep-running`.
    package var tokenC: Token? { party.tokenC }

    /// Sets what a CPO serves.
    func offer(_ sites: [DemoSite]) { modules.offer(sites) }

    /// Sets what an eMSP serves.
    func offer(_ driver: DriverToken) { modules.offer(driver) }

    /// Starts its server on a free port, or after `stop()` on the previous one.
    package func start() async throws {
        // The reference is weak so that a released party answers nothing.
        try await party.start { [weak self] request in self?.answer(request) ?? .failure(2000, status: 503, "closed") }
        modules.moved(to: party.url)
    }

    /// Stops its server; further connections are refused.
    package func stop() async { await party.finish() }

    // MARK: Calls

    /// Registers with the node: gets token A from its operator, reads versions and details, and sends POST credentials with token B. The
    /// answer contains token C.
    /// - Throws: `HandshakeFailure` that names the failed step.
    package func register(publicURL: String, adminURL: String, adminToken: String) async throws {
        try await party.register(with: HubOperator(url: adminURL, key: Token(adminToken)))
        // The details do not list custom modules; they are below this path.
        party.learn(Interface(Self.invoices, .receiver), at: "\(publicURL)/ocpi/custom/receiver/invoices")
    }

    /// Calls another party's interface through the node, at the endpoint that the node advertises for it.
    package func send(
        _ method: OCPI.Method, _ module: String, _ interface: InterfaceRole, path: String = "", query: String? = nil, to: PartyID,
        body: ByteBuffer? = nil
    ) async throws -> SentRequest {
        let endpoint = try party.endpoint(Interface(ModuleID(rawValue: module), interface))
        return try await call(method, URLJoin.join(endpoint, path, query: query), to: to, body: body)
    }

    /// Calls a URL that the node handed out: a next page, a CDR's `Location`, a `response_url`.
    package func call(_ method: OCPI.Method, _ url: String, to: PartyID, body: ByteBuffer? = nil) async throws -> SentRequest {
        guard tokenC != nil else { throw PartyCallFailure(description: "\(profile.id) is not registered") }
        var headers = HTTPHeaders(party.headers(to: to, requestID: UUIDText.v4(), correlationID: UUIDText.v4()))
        if body != nil { headers.add(name: "Content-Type", value: "application/json") }
        let answer = try await SentRequest.make(CallRequest(method, url, headers: headers, body: body), through: Self.caller)
        sent.append(answer)
        return answer
    }

    /// The reason why the latest command result could not be sent, if there is one.
    package var callbackFailure: String? { failure.withLock { $0 } }

    // MARK: Server

    private func answer(_ request: PartyRequest) -> ServerAnswer {
        let time = Timestamp.now
        let answer = party.answer(to: request, modules: modules.answer)
        guard request.isAuthorized else { return answer }
        let addressed = answer.addressed(to: request)
        received.append(ReceivedRequest(request: request, answer: addressed, time: time))
        if profile.part == .cpo { sendCommandResult(for: request) }
        return addressed
    }

    /// Sends the result of a command after it was answered.
    private func sendCommandResult(for command: PartyRequest) {
        guard command.method == .post, command.interface?.module == .commands,
            let responseURL = command.body.jsonString(["response_url"]), let requester = command.from
        else { return }
        Task {
            do {
                _ = try await self.call(.post, responseURL, to: requester, body: Self.commandResult)
            } catch {
                self.failure.withLock { $0 = "\(error)" }
            }
        }
    }

    /// The result that a CPO posts to a `response_url`.
    static let commandResult = JSONValue.object(["result": "ACCEPTED"]).encoded()
}
