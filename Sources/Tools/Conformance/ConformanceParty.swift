import OCPI
import Synchronization
import TestParties

/// A platform with one or more parties and its own server. It records every request, answers by default or by a script, and calls the hub.
final class ConformanceParty: Sendable {
    /// Answers a request; nil for the default answer.
    typealias Script = @Sendable (PartyRequest) -> ServerAnswer?

    private struct State {
        var script: Script?
        /// Whether it was unreachable since the last `reset()`.
        var wasUnreachable = false
    }

    let hub: HubUnderTest
    /// Its server and its registration.
    let party: TestParty
    /// All requests since the last reset, in order of arrival, including configuration modules.
    let received = Inbox<PartyRequest>()
    private let state = Mutex(State())

    /// A party that does not listen yet. Its paths are deliberately none that could be guessed.
    init(
        _ first: PartyDescription.Role, and others: [PartyDescription.Role] = [], _ interfaces: [Interface], trailingSlash: Bool = false,
        hub: HubUnderTest, place: TestParty.Place
    ) {
        self.hub = hub
        let paths = PartyPaths(configuration: "/hello", suffix: trailingSlash ? "/" : "") {
            "/shelf/\($0.role == .sender ? "out" : "in")-\($0.module)"
        }
        party = TestParty(
            PartyDescription(first, and: others, interfaces, versions: OCPIVersion.allCases, paths: paths), at: place,
            caller: HubUnderTest.caller, limit: hub.maximumWait)
    }

    /// Its first party.
    var id: PartyID { party.id }
    /// Its parties, each once.
    var ids: [PartyID] { party.description.ids }
    var roles: [PartyDescription.Role] { party.description.roles }
    /// What it advertises besides credentials.
    var interfaces: [Interface] { party.description.interfaces }
    /// Prefix of its URLs for the hub; known after the first start.
    var base: String { party.url }
    var versionsURL: String { party.versionsURL }
    /// The token that it gave to the hub.
    var tokenB: Token { party.tokenB }
    /// The token that the hub gave to it; nil before registration.
    var tokenC: Token? { party.tokenC }

    /// Its URL of an interface, with a path that cannot be guessed.
    func url(_ module: ModuleID, _ interface: InterfaceRole) -> String { party.url(of: Interface(module, interface)) }

    // MARK: Server

    /// Answers requests by this script until `reset()`.
    func script(_ script: @escaping Script) { state.withLock { $0.script = script } }

    func start() async throws {
        try await party.start { [weak self] request in self?.answer(request) ?? .failure(2000, status: 503) }
    }

    /// Stops the server: connections are refused, and open ones are closed.
    func stop() async {
        state.withLock { $0.wasUnreachable = true }
        await party.stop()
    }

    /// Deletes requests and script, and listens again.
    /// - Returns: whether it was unreachable or left requests unanswered since the last reset.
    func reset() async throws -> Bool {
        try await start()
        received.clear()
        return state.withLock { state in
            defer { state.wasUnreachable = false }
            state.script = nil
            return state.wasUnreachable
        }
    }

    private func answer(_ request: PartyRequest) -> ServerAnswer {
        received.append(request)
        let answer = state.withLock { $0.script }?(request) ?? party.answer(to: request, modules: ownAnswer)
        if !answer.isPrompt { state.withLock { $0.wasUnreachable = true } }
        return answer.addressed(to: request)
    }

    // MARK: Waiting

    /// Waits for the request that a call caused here: the one with the same correlation id.
    /// - Throws: `Unmet` if it does not arrive.
    @discardableResult
    func arrival(of reply: CallAnswer, within limit: Duration = .seconds(15)) async throws(Unmet) -> PartyRequest {
        guard let id = reply.request.correlationID else { throw Unmet("the call had no X-Correlation-ID to recognise it by") }
        return try await arrival("\(reply.request.line) with X-Correlation-ID \(id)", within: limit) { $0.correlationID == id }
    }

    /// Waits for the first matching request, including those that have already arrived.
    @discardableResult
    func arrival(
        _ what: String, within limit: Duration = .seconds(15), where fits: @escaping @Sendable (PartyRequest) -> Bool
    ) async throws(Unmet) -> PartyRequest {
        guard let request = await received.first(within: limit, where: fits) else { throw Unmet("\(what) did not reach \(id)") }
        return request
    }

    /// The requests with the correlation id of a call that have arrived so far.
    func arrivals(of reply: CallAnswer) -> [PartyRequest] {
        received.entries.filter { $0.correlationID == reply.request.correlationID }
    }
}
