import NIOCore
import OCPI
import Support
import Testing

@testable import TestParties

/// What a caller makes of answers, good and bad ones.
@Suite struct PartyCallerTests {
    /// A call to a server that answers by this.
    private func call(
        _ answer: ServerAnswer, _ method: OCPI.Method = .get, answerLimit: Int = 1000, within limit: Duration = .seconds(60)
    ) async throws -> CallAnswer {
        let (server, caller) = (PartyServer(), PartyCaller(answerLimit: answerLimit))
        try await server.start { _ in answer }
        let outcome: Result<CallAnswer, any Error>
        do {
            outcome = .success(try await caller.call(method, server.url + "/", within: limit))
        } catch {
            outcome = .failure(error)
        }
        await caller.close()
        await server.stop()
        return try outcome.get()
    }

    private func failure(_ answer: ServerAnswer, within limit: Duration = .seconds(60)) async -> CallFailure.Kind? {
        do {
            _ = try await call(answer, within: limit)
            return nil
        } catch {
            return (error as? CallFailure)?.kind
        }
    }

    @Test func whatIsGivenIsSentAsItIs() async throws {
        let (server, caller, record) = (PartyServer(), PartyCaller(), Inbox<ServerRequest>())
        try await server.start { request in
            record.append(request)
            return .success()
        }
        for target in ["/a%2Fb//c?x=%zz&y=[1]|\"", "?q", "", "/x#fragment"] {
            _ = try await caller.call(.patch, server.url + target, headers: [("x-ODD", " a  b")], body: ByteBuffer(string: "{ }"))
        }
        _ = try await caller.call(CallRequest(OCPI.Method(rawValue: "MKCOL"), server.url), within: .seconds(60))
        let seen = record.entries
        try #require(seen.count == 5)
        #expect(seen.map(\.target) == ["/a%2Fb//c?x=%zz&y=[1]|\"", "/?q", "/", "/x", "/"])
        #expect(seen[0].method == .patch && seen[0].text == "{ }" && seen[0].header("Content-Type") == "application/json")
        #expect(seen[0].headers.map(\.name) == ["Host", "x-ODD", "Content-Type", "Content-Length"])
        #expect(seen[4].method.rawValue == "MKCOL" && seen[4].headers.map(\.name) == ["Host"])
        #expect(server.connections == 1, "connections are kept")
        await caller.close()
        await server.stop()
    }

    @Test func anAnswerIsReadHoweverItIsFramed() async throws {
        let pieces = ["ab", "c"].map { ByteBuffer(string: $0) }
        #expect(try await call(ServerAnswer(text: "abc").sent(as: .chunks(pieces, pause: .milliseconds(5)))).text == "abc")
        #expect(try await call(.raw("HTTP/1.1 200 OK\r\n\r\nabc").closing()).text == "abc")
        #expect(try await call(.raw("HTTP/1.0 299 \r\nX-A: b\r\n\r\n").closing()).header("x-a") == "b")
        #expect(try await call(.raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")).status == 201)
        #expect(try await call(ServerAnswer(204, text: "")).status == 204)
        #expect(try await call(.raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), .head).text.isEmpty)
    }

    @Test func whatIsNoAnswerIsAFailure() async throws {
        #expect(await failure(.hangUp) == .broken)
        #expect(await failure(ServerAnswer(headers: [("Content-Length", "9")], text: "half").sent(as: .unfinished).closing()) == .broken)
        #expect(await failure(.raw("SMTP ready\r\n\r\n")) == .broken)
        #expect(await failure(ServerAnswer(text: String(repeating: "x", count: 1001))) == .tooLong)
        #expect(await failure(ServerAnswer(body: ByteBuffer(repeating: 32, count: 600)).sent(as: .endless)) == .tooLong)
    }

    /// Statuses that no server should send end nothing but the call.
    @Test(arguments: ["99", "0", "000", "42", "600", "999"]) func anOddStatusIsAnAnswerOrAFailure(status: String) async throws {
        let odd = ServerAnswer.raw("HTTP/1.1 \(status) Odd\r\nContent-Length: 2\r\n\r\n{}").closing()
        do {
            #expect(try await call(odd).status == Int(status))
        } catch let failure as CallFailure {
            #expect(failure.kind == .broken)
        }
    }

    @Test func itsTimeIsForAllOfTheAnswer() async throws {
        #expect(await failure(.silence, within: .milliseconds(200)) == .timeout)
        let drops = Array(repeating: ByteBuffer(string: "x"), count: 200)
        #expect(
            await failure(ServerAnswer(text: "").sent(as: .chunks(drops, pause: .milliseconds(20))), within: .milliseconds(300)) == .timeout
        )
    }

    /// The answer is complete and the connection closed before the request is.
    @Test func anAnswerBeforeTheEndOfTheRequestEndsNothingButTheCall() async throws {
        let early = try await EarlyServer.start()
        let caller = PartyCaller()
        for _ in 0..<20 {
            do {
                let answer = try await caller.call(
                    .post, early.url, body: ByteBuffer(repeating: 32, count: 8_000_000), within: .seconds(60))
                #expect(answer.status == 200)
            } catch {
                #expect(error.kind == .broken)
            }
        }
        await caller.close()
        await early.stop()
    }

    @Test func aServerThatIsNotThereGetsNothing() async throws {
        let (server, caller) = (PartyServer(), PartyCaller())
        try await server.start { _ in .success() }
        await server.stop()
        for url in [server.url, "ftp://127.0.0.1/", "http://user@127.0.0.1/"] {
            let failure = await #expect(throws: CallFailure.self) { try await caller.call(.get, url) }
            #expect(failure?.kind == .notSent, "\(url)")
        }
        await caller.close()
    }

    @Test func whoDoesNotEncryptIsNoHTTPSServer() async throws {
        let (server, caller) = (PartyServer(), PartyCaller())
        try await server.start { _ in .success() }
        await #expect(throws: CallFailure.self) { try await caller.call(.get, "https://127.0.0.1:\(server.port)/") }
        await #expect(throws: CallFailure.self) { try await caller.call(.get, "https://localhost:\(server.port)/") }
        await caller.close()
        await server.stop()
    }

    @Test func aConnectionThatWasClosedIsReplaced() async throws {
        let (server, caller) = (PartyServer(), PartyCaller())
        try await server.start { _ in .success().closing() }
        for _ in 0..<50 {
            do { #expect(try await caller.call(.get, server.url).status == 200) } catch { #expect(error.kind == .broken) }
        }
        await caller.close()
        await server.stop()
    }

    @Test func aCancelledCallEndsItsConnection() async throws {
        let (server, caller, record) = (PartyServer(), PartyCaller(), Inbox<ServerRequest>())
        try await server.start { request in
            record.append(request)
            return .silence
        }
        let url = server.url
        let call = Task { try await caller.call(.get, url, within: .seconds(60)) }
        let request = try #require(await record.entry(0, within: .seconds(60)))
        call.cancel()
        await #expect(throws: CallFailure.self) { try await call.value }
        try await request.connection.closeFuture.get()
        await caller.close()
        await server.stop()
    }
}
