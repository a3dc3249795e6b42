import NIOCore
import OCPI
import Support
import Testing

@testable import TestParties

/// What a party's server does with requests. Seen over connections that do not tidy up.
@Suite struct PartyServerTests {
    private static let get = "GET /a%2Fb?c=%20d HTTP/1.1\r\nHost: x\r\nX-Odd: a  b\r\n\r\n"

    /// Runs `body` with the port of a server that answers by this.
    private func serve(
        _ answer: ServerAnswer, recordingIn record: Inbox<ServerRequest>? = nil, _ body: (PartyServer) async throws -> Void
    ) async throws {
        let server = PartyServer(recordingIn: record)
        try await server.start { _ in answer }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(server)) } catch { outcome = .failure(error) }
        await server.stop()
        try outcome.get()
    }

    @Test func everyRequestIsRecordedAsItCame() async throws {
        let record = Inbox<ServerRequest>()
        try await serve(ServerAnswer(text: "{}"), recordingIn: record) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                try await connection.send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n1\r\n}\r\n0\r\n\r\n")
                #expect(try await connection.waitForAnswers(2).map(\.body) == ["{}", "{}"])
            }
            let seen = record.entries
            #expect(seen.map(\.method) == [.get, .put] && seen.map(\.target) == ["/a%2Fb?c=%20d", "/"])
            #expect(seen.first?.path == "/a%2Fb" && seen.first?.query == "c=%20d" && seen.first?.header("x-odd") == "a  b")
            #expect(seen.last?.query == nil && seen.last?.text == "{ }")
            #expect(server.connections == 1)
        }
    }

    @Test func aStatusWithoutABodyHasNone() async throws {
        try await serve(ServerAnswer(204, text: "no")) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get + Self.get)
                let answers = try await connection.waitForAnswers(2)
                #expect(answers.allSatisfy { $0.status == 204 && $0.body.isEmpty && $0["content-length"] == nil })
            }
        }
    }

    @Test func anAnswerIsSentInPiecesOrUnfinishedOrRaw() async throws {
        let pieces = ["ab", "c"].map { ByteBuffer(string: $0) }
        try await serve(ServerAnswer(text: "").sent(as: .chunks(pieces, pause: .milliseconds(10)))) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                try await eventually("all of it") { connection.text.hasSuffix("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") }
            }
        }
        try await serve(ServerAnswer(headers: [("Content-Length", "9")], text: "half").sent(as: .unfinished).closing()) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                try await connection.waitForClose()
                #expect(connection.text.hasSuffix("\r\n\r\nhalf"))
            }
        }
        try await serve(.raw("HTTP/9 1 odd\n").closing()) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                try await connection.waitForClose()
                #expect(connection.text == "HTTP/9 1 odd\n")
            }
        }
    }

    @Test func anEndlessAnswerGoesOnAsLongAsItIsRead() async throws {
        try await serve(ServerAnswer(body: ByteBuffer(repeating: 32, count: 65_536)).sent(as: .endless)) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                try await eventually("much has come") { connection.count > 1_000_000 }
            }
            #expect(server.pieces > 10)
        }
    }

    @Test func silenceAndHangingUpDiffer() async throws {
        try await serve(.hangUp) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                try await connection.waitForClose()
                #expect(connection.count == 0)
            }
        }
        let record = Inbox<ServerRequest>()
        try await serve(.silence, recordingIn: record) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                #expect(await record.entry(0, within: .seconds(10)) != nil)
                #expect(connection.count == 0 && !connection.isClosed)
                await server.stop()
                try await connection.waitForClose()
            }
        }
    }

    @Test func whatIsHeldIsSentWhenItIsReleased() async throws {
        let record = Inbox<ServerRequest>()
        var held = ServerAnswer(text: "now")
        held.timing = .whenReleased
        try await serve(held, recordingIn: record) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.send(Self.get)
                #expect(await record.entry(0, within: .seconds(10)) != nil)
                #expect(connection.count == 0)
                server.release()
                #expect(try await connection.waitForAnswers(1).first?.body == "now")
            }
        }
    }

    @Test func finishingSendsWhatIsOwed() async throws {
        let (server, record, caller) = (PartyServer(), Inbox<ServerRequest>(), PartyCaller())
        try await server.start(inTasks: { request in
            record.append(request)
            try? await Task.sleep(for: .milliseconds(200))
            return ServerAnswer(201, text: "late")
        })
        async let answer = caller.call(.get, server.url)
        #expect(await record.entry(0, within: .seconds(10)) != nil)
        await server.finish()
        #expect(try await answer.status == 201)
        await #expect(throws: CallFailure.self) { try await caller.call(.get, server.url) }
        await caller.close()
    }

    @Test func aServerAnswersStopsAndComesBackOnItsPort() async throws {
        let (server, caller) = (PartyServer(), PartyCaller())
        let respond: PartyServer.Responder = { ServerAnswer(201, text: "\($0.method) \($0.target) \($0.text)") }
        try await server.start(respond)
        let url = "\(server.url)/a?b"
        let answer = try await caller.call(.put, url, body: ByteBuffer(string: "c"), within: .seconds(5))
        #expect(answer.status == 201 && answer.text == "PUT /a?b c")
        await server.stop()
        await #expect(throws: CallFailure.self) { try await caller.call(.get, url, within: .seconds(5)) }
        try await server.start(respond)
        #expect("\(server.url)/a?b" == url)
        #expect(try await caller.call(.get, url, within: .seconds(5)).status == 201)
        await server.stop()
        await caller.close()
    }
}
