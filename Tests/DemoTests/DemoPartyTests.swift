import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import TestParties
import Testing

@testable import Demo

/// A node that supports the handshake and passes every module request to one party, which is enough for a party to register and to be
/// called.
private final class FakeNode: Sendable {
    static let tokenA = "token-a"
    static let tokenC = "token-c"
    let requests = Inbox<ServerRequest>()
    let server = PartyServer()
    private static let caller = PartyCaller()

    func start() async throws {
        try await server.start(inTasks: { [requests, server] request in
            requests.append(request)
            return await Self.answer(request, server.url)
        })
    }

    private static func answer(_ request: ServerRequest, _ url: String) async -> ServerAnswer {
        let presented = Token.readings(authorization: request.header("Authorization") ?? "").map(\.raw)
        switch (request.method.rawValue, request.path) {
        case ("POST", "/admin/generate-registration-token"):
            guard request.header("Authorization") == "Token admin" else { return .failure(2000, status: 401, "no admin") }
            return ServerAnswer(
                body: JSONValue.object(["token": .string(tokenA), "versions": .string("\(url)/ocpi/versions")]).encoded())
        case ("GET", "/ocpi/versions") where presented.contains(tokenA):
            return .success([
                ["version": "2.2", "url": .string("\(url)/ocpi/2.2")], ["version": "2.2.1", "url": .string("\(url)/ocpi/2.2.1")],
            ])
        case ("GET", "/ocpi/2.2.1") where presented.contains(tokenA):
            return .success([
                "version": "2.2.1",
                "endpoints": [
                    ["identifier": "credentials", "role": "SENDER", "url": .string("\(url)/ocpi/2.2.1/credentials")],
                    ["identifier": "cdrs", "role": "RECEIVER", "url": .string("\(url)/ocpi/receiver/2.2.1/cdrs")],
                ],
            ])
        case ("POST", "/ocpi/2.2.1/credentials") where presented.contains(tokenA):
            return await credentials(request)
        case ("POST", "/ocpi/receiver/2.2.1/cdrs") where presented.contains(tokenC),
            ("POST", "/ocpi/sender/2.2.1/commands/START_SESSION/x") where presented.contains(tokenC):
            return .success(headers: [("X-Request-ID", request.header("X-Request-ID") ?? "")])
        default:
            return .failure(2000, status: 401, "unknown token")
        }
    }

    /// Calls back with token B, as a node does, and answers with token C only if the party's own endpoints exist.
    private static func credentials(_ request: ServerRequest) async -> ServerAnswer {
        guard let tokenB = request.body.jsonString(["token"]), let versions = request.body.jsonString(["url"]) else {
            return .failure(2000, status: 400, "no credentials")
        }
        let headers = [("Authorization", Token(tokenB).authorization(encoding: .base64))]
        do {
            let list = try await caller.call(.get, versions, headers: headers)
            guard let details = list.data?.array?.first?["url"]?.string else { return .failure(2000, status: 200, "no versions") }
            let found = try await caller.call(.get, details, headers: headers)
            guard found.status == 200 else { return .failure(2000, status: 200, "no details") }
            return .success(["token": .string(tokenC), "url": "x", "roles": []])
        } catch {
            return .failure(2000, status: 200, "\(error)")
        }
    }
}

@Suite struct DemoPartyTests {
    private func withParty<Result>(
        _ id: String, _ part: PartyPart, _ body: (DemoParty, FakeNode, Token) async throws -> Result
    ) async throws -> Result {
        let party = DemoParty(PartyProfile(id: try #require(PartyID(id)), name: "Test", part: part))
        let node = FakeNode()
        try await party.start()
        try await node.start()
        try await party.register(publicURL: node.server.url, adminURL: node.server.url, adminToken: "admin")
        let post = try #require(node.requests.entries.last { $0.path == "/ocpi/2.2.1/credentials" })
        let tokenB = Token(try #require(post.body.jsonString(["token"])))
        let result = try await body(party, node, tokenB)
        await party.stop()
        await node.server.finish()
        return result
    }

    /// A call as a node makes it.
    private func call(
        _ method: OCPI.Method, _ url: String, _ token: Token, body: String? = nil, correlationID: String = "c"
    ) async throws -> SentRequest {
        let from = try #require(PartyIDs.emsp)
        let to = try #require(PartyIDs.cpo)
        let headers: HTTPHeaders = [
            OCPIHeader.authorization: token.authorization(encoding: .base64), OCPIHeader.correlationID: correlationID,
            OCPIHeader.fromCountry: from.country, OCPIHeader.fromParty: from.party, OCPIHeader.toCountry: to.country,
            OCPIHeader.toParty: to.party,
        ]
        return try await SentRequest.make(
            CallRequest(method, url, headers: headers, body: body.map { ByteBuffer(string: $0) }).identified(), through: PartyCaller())
    }

    @Test func aPartyRegistersByTheHandshakeAndCallsWithTokenC() async throws {
        try await withParty("DE-ONE", .cpo) { party, node, _ in
            #expect(party.received.entries.map(\.line) == ["GET /ocpi/versions", "GET /ocpi/2.2.1"])
            let invitation = try #require(node.requests.entries.first)
            #expect(String(buffer: invitation.body) == #"[{"party_id":"ONE","country_code":"DE"}]"#)
            let answer = try await party.send(
                .post, "cdrs", .receiver, to: try #require(PartyIDs.emsp), body: ByteBuffer(string: #"{"id":"1"}"#))
            #expect(answer.status == 200)
            let seen = try #require(node.requests.entries.last)
            #expect(seen.header("Authorization") == Token(FakeNode.tokenC).authorization(encoding: .base64))
            #expect(seen.header("OCPI-from-country-code") == "DE")
            #expect(seen.header("OCPI-from-party-id") == "ONE")
            #expect(seen.header("OCPI-to-country-code") == "FR")
            #expect(seen.header("OCPI-to-party-id") == "MSP")
            #expect(seen.header("X-Correlation-ID") == answer.correlationID)
            #expect(answer.header("X-Request-ID") == answer.requestID)
            #expect(String(buffer: seen.body) == #"{"id":"1"}"#)
        }
    }

    @Test func aWrongAdminTokenIsAFailureThatNamesNoToken() async throws {
        let node = FakeNode()
        try await node.start()
        let party = DemoParty(PartyProfile(id: try #require(PartyIDs.cpo), name: "Test", part: .cpo))
        await #expect {
            try await party.register(publicURL: node.server.url, adminURL: node.server.url, adminToken: "secret-guess")
        } throws: { error in
            "\(error)" == "DE-ONE was not invited by \(node.server.url): HTTP 401, OCPI 2000: no admin"
        }
        await node.server.finish()
    }

    @Test func aCallWithoutItsTokenIsRefusedAndNotReceived() async throws {
        try await withParty("DE-ONE", .cpo) { party, _, _ in
            let answer = try await call(.get, "\(party.url)/ocpi/2.2.1/locations", Token("wrong"))
            #expect(answer.status == 401)
            #expect(answer.ocpiStatus == 2001)
            #expect(party.received.entries.count == 2)
        }
    }

    @Test func aCPOServesItsLocationsInPages() async throws {
        try await withParty("DE-ONE", .cpo) { party, _, token in
            party.offer(DemoSite.stromladen(party.profile.id))
            let first = try await call(.get, "\(party.url)/ocpi/2.2.1/locations?limit=1", token)
            #expect(first.header("X-Total-Count") == "2")
            #expect(first.header("X-Limit") == "1")
            #expect(first.nextPage == "\(party.url)/ocpi/2.2.1/locations?offset=1&limit=1")
            let second = try await call(.get, try #require(first.nextPage), token)
            #expect(second.nextPage == nil)
            let ids = try [first, second].flatMap { page in
                (try JSONValue.parse(page.body)["data"]?.array ?? []).compactMap { $0["id"]?.string }
            }
            #expect(ids == ["MARKT", "HAFEN"])
        }
    }

    @Test func aCPOAcceptsACommandAndReportsItsResult() async throws {
        try await withParty("DE-ONE", .cpo) { party, node, token in
            let url = "\(node.server.url)/ocpi/sender/2.2.1/commands/START_SESSION/x"
            let answer = try await call(
                .post, "\(party.url)/ocpi/2.2.1/commands/START_SESSION", token, body: #"{"response_url":"\#(url)"}"#)
            #expect(answer.body.jsonString(["data", "result"]) == "ACCEPTED")
            let seen = await node.requests.wait(within: .seconds(10)) { $0.contains { $0.path.hasSuffix("/START_SESSION/x") } }
            #expect(seen?.last.map { String(buffer: $0.body) } == #"{"result":"ACCEPTED"}"#)
            #expect(seen?.last?.header("OCPI-to-party-id") == "MSP")
        }
    }

    @Test func anEMSPAnswersACDRWithALocationThatReturnsItsBytes() async throws {
        try await withParty("FR-MSP", .emsp) { party, _, token in
            let cdr = #"{ "id": "C1", "total_energy": 1.50 }"#
            let posted = try await call(.post, "\(party.url)/ocpi/2.2.1/cdrs", token, body: cdr)
            #expect(posted.status == 200)
            #expect(posted.header("X-Request-ID") == posted.requestID)
            #expect(posted.header("OCPI-to-party-id") == "MSP")
            let location = try #require(posted.header("Location"))
            #expect(location == "\(party.url)/ocpi/2.2.1/cdrs/C1")
            let found = try await call(.get, location, token)
            #expect(String(buffer: found.body).contains(#""data":\#(cdr),"#))
            let unknown = try await call(.get, location + "0", token)
            #expect(unknown.status == 404)
        }
    }

    @Test func patchesOfASessionAppendItsChargingPeriods() async throws {
        try await withParty("FR-MSP", .emsp) { party, _, token in
            let url = "\(party.url)/ocpi/2.2.1/sessions/DE/ONE/S1"
            #expect(try await call(.patch, url, token, body: #"{"kwh":1}"#).status == 404)
            _ = try await call(.put, url, token, body: #"{"id":"S1","kwh":0,"charging_periods":[1]}"#)
            _ = try await call(.patch, url, token, body: #"{"kwh":2.50,"charging_periods":[2],"status":"ACTIVE"}"#)
            let found = try await call(.get, url, token)
            let expected = #""data":{"id":"S1","kwh":2.50,"charging_periods":[1,2],"status":"ACTIVE"},"#
            #expect(String(buffer: found.body).contains(expected))
        }
    }

    @Test func aServiceThatWasStoppedComesBackOnItsPort() async throws {
        try await withParty("DE-BIL", .billing) { party, _, token in
            let url = "\(party.url)/ocpi/2.2.1/cdrs"
            #expect(try await call(.post, url, token, body: #"{"id":"1"}"#, correlationID: "before").status == 200)
            await party.stop()
            await #expect(throws: CallFailure.self) { try await call(.post, url, token, body: #"{"id":"2"}"#, correlationID: "while") }
            try await party.start()
            #expect("\(party.url)/ocpi/2.2.1/cdrs" == url)
            #expect(try await call(.post, url, token, body: #"{"id":"3"}"#, correlationID: "after").status == 200)
            let ids = party.received.entries.filter { $0.from != nil }.map(\.correlationID)
            #expect(ids == ["before", "after"])
        }
    }

    @Test func whatAPartyDoesNotServeIsRefused() async throws {
        try await withParty("DE-BIL", .billing) { party, _, token in
            let unknown = try await call(.get, "\(party.url)/ocpi/2.2.1/locations", token)
            #expect(unknown.status == 404)
            let notServed = try await call(.delete, "\(party.url)/ocpi/2.2.1/cdrs", token)
            #expect(notServed.status == 405)
            let nameless = try await call(.post, "\(party.url)/ocpi/2.2.1/cdrs", token, body: "{}")
            #expect(nameless.status == 400)
        }
    }
}
