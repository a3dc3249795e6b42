import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import Testing

@testable import TestParties

@Suite struct TestPartyTests {
    private static let sessions = Interface(.sessions, .receiver)

    /// Runs `body` with a party that listens, and with calls to it.
    private func withParty(
        _ description: PartyDescription, modules: @escaping TestParty.Responder = { .success(.string($0.rest)) },
        _ body: (TestParty, (OCPI.Method, String, Token?, String?) async throws -> CallAnswer) async throws -> Void
    ) async throws {
        let caller = PartyCaller()
        let party = TestParty(description, caller: caller, modules: modules)
        try await party.start()
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(
                try await body(party) { method, url, token, body in
                    let token = token ?? party.tokenB
                    return try await caller.call(
                        method, url, headers: [(OCPIHeader.authorization, token.authorization(encoding: .base64))],
                        body: body.map { ByteBuffer(string: $0) })
                })
        } catch {
            outcome = .failure(error)
        }
        await party.stop()
        await caller.close()
        try outcome.get()
    }

    private func description(paths: PartyPaths = PartyPaths()) throws -> PartyDescription {
        let id = try #require(PartyID("DE-CPO"))
        return PartyDescription(PartyDescription.Role("CPO", id), and: [PartyDescription.Role("EMSP", id)], [Self.sessions], paths: paths)
    }

    @Test func aPartyIsFoundByItsVersionsAndAnswersAtItsModules() async throws {
        let paths = PartyPaths(configuration: "/hello", suffix: "/") { "/shelf/\($0.module)" }
        try await withParty(try description(paths: paths)) { party, call in
            let details = try #require(try await call(.get, party.versionsURL, nil, nil).data?.array?.first?["url"]?.string)
            #expect(details == party.url + "/hello/2.2.1")
            let endpoints = try #require(try await call(.get, details, nil, nil).data?["endpoints"]?.array)
            #expect(endpoints.map { $0["url"]?.string } == [details + "/credentials", party.url + "/shelf/sessions/"])
            #expect(try await call(.put, party.url(of: Self.sessions) + "DE/CPO/1?a", nil, nil).data?.string == "DE/CPO/1")
            #expect(try await call(.get, party.url + "/shelf/tokens", nil, nil).status == 404)
            #expect(try await call(.get, party.url(of: Self.sessions), Token("wrong"), nil).status == 401)
        }
    }

    @Test func aHubReadsAndChangesItsCredentials() async throws {
        try await withParty(try description()) { party, call in
            let url = party.url + "/ocpi/2.2.1/credentials"
            let credentials = try #require(try await call(.get, url, nil, nil).data)
            #expect(credentials["roles"]?.array?.map { $0["role"]?.string } == ["CPO", "EMSP"])
            #expect(credentials["url"]?.string == party.versionsURL && party.description.ids.count == 1)
            #expect(try await call(.put, url, nil, "{}").code == 2001 && party.tokenC == nil)
            #expect(try await call(.put, url, nil, #"{"token":"c"}"#).code == 1000 && party.tokenC?.raw == "c")
            #expect(try await call(.patch, url, nil, "{}").status == 405)
            #expect(try await call(.delete, url, nil, nil).code == 1000)
        }
    }

    @Test func anAnswerIsAddressedToWhoAsked() async throws {
        let party = try #require(PartyID("DE-CPO"))
        let request = CallRequest(
            .get, "http://a", headers: ["X-Request-ID": "1", "OCPI-from-country-code": "DE", "OCPI-from-party-id": "CPO"])
        let answer = ServerAnswer.success(headers: [("X-Request-ID", "2")]).addressed(to: request)
        #expect(answer.to == party && answer.from == nil && answer.requestID == "2" && answer.correlationID == nil)
    }
}
