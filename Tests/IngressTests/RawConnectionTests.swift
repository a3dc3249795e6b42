import Credentials
import Inbound
import Logging
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Ingress

/// The behaviour and time limits of connections, over TCP.
@Suite struct RawConnectionTests {
    // MARK: Staying and closing

    @Test(
        arguments: [
            ("HTTP/1.1", nil, nil), ("HTTP/1.1", "keep-alive", nil), ("HTTP/1.1", "TE", nil), ("HTTP/1.0", "Keep-Alive", "keep-alive"),
        ] as [(String, String?, String?)])
    func aConnectionStays(version: String, header: String?, says: String?) async throws {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request(version: version, header.map { ["Connection: \($0)"] } ?? []))
                #expect(try await connection.waitForAnswers(1).first?["connection"] == says)
                try await RawListener.expectKept(connection, after: 1)
            }
        }
    }

    @Test(
        arguments: [
            ("HTTP/1.0", []), ("HTTP/1.0", ["Connection: TE"]), ("HTTP/1.1", ["Connection: close"]), ("HTTP/1.1", ["Connection: Close"]),
            ("HTTP/1.1", ["Connection: CLOSE"]), ("HTTP/1.1", ["Connection: TE, close"]), ("HTTP/1.1", ["Connection: keep-alive,Close"]),
            ("HTTP/1.1", ["Connection: TE", "Connection: close"]), ("HTTP/1.0", ["Connection: keep-alive, close"]),
            // The server supports no upgrade.
            ("HTTP/1.1", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"]),
        ] as [(String, [String])])
    func aConnectionClosesAndSaysSo(version: String, headers: [String]) async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                // A request after the last one is not carried out.
                try await connection.send(RawListener.request(version: version, headers) + RawListener.request())
                try await connection.waitForClose()
                let answers = connection.answers()
                #expect(answers.map(\.status) == [200] && answers.first?["connection"] == "close", "\(connection.text)")
            }
        }
        #expect(ingress.produced.count == 1)
    }

    @Test func hostIsNotNeededInOldHTTP() async throws {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request(version: "HTTP/1.0", host: nil))
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [200], "\(connection.text)")
            }
        }
    }

    @Test func aClientThatSaysItIsDoneStillGetsItsWholeAnswer() async throws {
        try await RawListener.run(TestIngress(answer: RawConnectionTests.long)) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request())
                try await connection.finish()
                try await connection.waitForClose()
                #expect(connection.answers().first?.body.utf8.count == RawConnectionTests.length)
            }
        }
    }

    // MARK: Many at once

    @Test func requestsInOneGoAreAnsweredInOrder() async throws {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(
                    (0..<16).map { RawListener.request("GET", "/ocpi/nothing", ["X-Number: \($0)"]) }.joined())
                let answers = try await connection.waitForAnswers(16)
                #expect(answers.allSatisfy { $0.status == 404 && $0["connection"] == nil })
                try await RawListener.expectKept(connection, after: 16)
            }
        }
    }

    @Test func aClientMayHaveSixteenRequestsUnderWay() async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(String(repeating: RawListener.request(), count: 100))
                try await connection.waitForClose()
                let answers = connection.answers()
                #expect(answers.count == 16 && answers.allSatisfy { $0.status == 200 }, "\(answers.count)")
                #expect(answers.last?["connection"] == "close" && answers.dropLast().allSatisfy { $0["connection"] == nil })
            }
        }
        #expect(ingress.produced.count == 16)
    }

    // MARK: Slow clients

    @Test func aHeadThatDoesNotComeIsGivenUp() async throws {
        // Long enough for a busy machine to send a complete head.
        try await RawListener.run(adjust: { $0.head = .seconds(8) }) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send("GET /ocpi/vers")
                try await connection.waitForClose()
                let answers = connection.answers()
                #expect(answers.map(\.status) == [408] && answers.first?.code == 2000, "\(connection.text)")
                #expect(answers.first?["connection"] == "close")
            }
            // There was no request, so there is no answer.
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.waitForClose()
                #expect(connection.text.isEmpty)
            }
            // The limit applies to the second head of a connection too.
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request())
                _ = try await connection.waitForAnswers(1)
                try await connection.send("G")
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [200, 408], "\(connection.text)")
            }
        }
    }

    @Test func aBodyThatDoesNotComeIsGivenUp() async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress, adjust: { $0.body = .milliseconds(200) }) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request("POST", "/ocpi/receiver/2.2.1/cdrs", ["Content-Length: 9"], body: "{"))
                try await connection.waitForClose()
                let answers = connection.answers()
                #expect(answers.map(\.status) == [408] && answers.first?.code == 2000, "\(connection.text)")
                #expect(answers.first?["connection"] == "close")
            }
            // A body that is not needed is not waited for either, and causes no second answer.
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send("POST /ocpi/receiver/2.2.1/cdrs HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [401], "\(connection.text)")
            }
        }
        #expect(ingress.produced.isEmpty)
        #expect(ingress.pending.count == 0, "the place is free again")
    }

    @Test func theTimeForABodyBehindASlowAnswerBeginsWithThatAnswer() async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: { _ in nil })
        try await RawListener.run(ingress, adjust: { $0.body = .milliseconds(200) }) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                let post = RawListener.request("POST", "/ocpi/receiver/2.2.1/cdrs", ["Content-Length: 9"], body: "{")
                try await answerLate(connection, ingress, behind: post)
            }
        }
        #expect(ingress.pending.count == 0, "the place is free again")
    }

    @Test func theTimeForAHeadBehindASlowAnswerBeginsWithThatAnswer() async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: { _ in nil })
        try await RawListener.run(ingress, adjust: { $0.head = .seconds(1) }) { listener in
            try await RawConnection.with(port: listener.port) { connection in try await answerLate(connection, ingress, behind: "G") }
        }
    }

    /// The request is answered after the timeout of the data that follows it.
    private func answerLate(_ connection: RawConnection, _ ingress: TestIngress, behind rest: String) async throws {
        try await connection.send(RawListener.request())
        try await eventually("the request is under way") { ingress.produced.count == 1 }
        try await connection.send(rest)
        // There is no event for the timeout; if it has not passed yet, the result is the same.
        try await Task.sleep(for: .milliseconds(500))
        #expect(connection.count == 0 && !connection.isClosed)
        for request in ingress.produced { ingress.pending.deliver(TestIngress.ok(request)) }
        try await connection.waitForClose()
        #expect(connection.answers().map(\.status) == [200, 408], "\(connection.text)")
    }

    @Test func anUnauthenticatedBodyThatStopsIsGivenUp() async throws {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                let started = ContinuousClock.now
                let signature = String(repeating: "11", count: 64) + "1b"
                try await connection.send(
                    RawListener.request("POST", "/ocn/message", ["OCN-Signature: \(signature)", "Content-Length: 9"], body: "{"))
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [408], "\(connection.text)")
                #expect(ContinuousClock.now - started < .seconds(12), "not only when the time for the whole of it is over")
            }
        }
    }

    @Test func aWholeAnswerHasItsTime() async throws {
        let adjust: (inout InboundLimits) -> Void = { limits in
            limits.write = .seconds(600)
            limits.answer = .milliseconds(800)
        }
        try await RawListener.run(TestIngress(timeout: .seconds(60), answer: RawConnectionTests.long), adjust: adjust) { listener in
            let connection = try await RawConnection(port: listener.port, reads: false)
            try await connection.send(String(repeating: RawListener.request(), count: 16))
            try await waitForCut(connection)
            await connection.close()
        }
    }

    @Test func aClientThatDoesNotReadIsCutOffAndHoldsOneAnswer() async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: RawConnectionTests.long)
        try await RawListener.run(ingress, adjust: { $0.write = .milliseconds(800) }) { listener in
            let connection = try await RawConnection(port: listener.port, reads: false)
            try await connection.send(String(repeating: RawListener.request(), count: 16))
            try await eventually("an answer waits") { !listener.server.answers.hasRoom(for: 256 * 1024 * 1024, of: "127.0.0.1") }
            try await waitForCut(connection)
            try await eventually("nothing waits any more") { listener.server.answers.hasRoom(for: 256 * 1024 * 1024, of: "127.0.0.1") }
            // The system's own buffers hold some of it.
            #expect(ingress.produced.count < 12, "\(ingress.produced.count) answers of 2 MiB were fetched for a client that takes none")
            await connection.close()
        }
    }

    @Test func answersThatWaitHaveRoomTogether() async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: RawConnectionTests.long)
        try await RawListener.run(
            ingress,
            adjust: {
                // Enough for two answers of one client, but not for all.
                $0.answerBytes = 16 * 1024 * 1024
                $0.write = .seconds(600)
            }
        ) { listener in
            var connections: [RawConnection] = []
            for _ in 0..<8 {
                let connection = try await RawConnection(port: listener.port, reads: false)
                try await connection.send(String(repeating: RawListener.request(), count: 16))
                connections.append(connection)
            }
            // Long before the timeout for reading them.
            try await eventually("the server cuts one connection off") {
                for connection in connections where !connection.isClosed { try await connection.send("x") }
                return connections.contains { $0.isClosed }
            }
            try await eventually("there is room for others") { listener.server.answers.hasRoom(for: 4 * 1024 * 1024, of: "192.0.2.1") }
            for connection in connections { await connection.close() }
            try await eventually("there is room again") { listener.server.answers.hasRoom(for: 16 * 1024 * 1024, of: "127.0.0.1") }
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request())
                #expect(try await connection.waitForAnswers(1).first?.status == 200, "who reads is served")
            }
        }
    }

    @Test func whereAnswersHaveNoRoomRequestsAreSentAway() async throws {
        let ingress = TestIngress()
        let nobody = PeerClient(ask: { (_, _, _, _) throws(OCPIError) in throw OCPIError.busy })
        let full = OCPIResponder(
            ingress.settings, topics: TestIngress.topics, dependencies: ingress.dependencies, peers: nobody, secrets: TestIngress.secrets,
            pending: ingress.pending, replyPartition: 3, metrics: IngressMetrics(), logger: TestIngress.silent,
            hasRoomForAnswer: { _ in false })
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers(), at: full)
        #expect(answer.status == 503 && answer["Retry-After"] == "1")
        #expect(ingress.produced.isEmpty)
    }

    // MARK: Many connections

    @Test func connectionsBeyondTheLimitWaitAndTheOperatorIsTold() async throws {
        let lines = LogLines()
        try await RawListener.run(
            logger: lines.logger,
            adjust: { limits in
                limits.connections = 3
                limits.connectionsPerAddress = 3
            }
        ) { listener in
            var held: [RawConnection] = []
            for _ in 0..<3 {
                let connection = try await RawConnection(port: listener.port)
                try await RawListener.expectKept(connection, after: 0)
                held.append(connection)
            }
            try await RawConnection.with(port: listener.port) { waiting in
                try await waiting.send(RawListener.request())
                try await eventually("the operator is told") { lines.notable.contains { $0.text.contains("all connections are taken") } }
                #expect(waiting.count == 0)
                await held[0].close()
                #expect(try await waiting.waitForAnswers(1).first?.status == 200)
            }
            for connection in held { await connection.close() }
        }
        #expect(lines.notable.count { $0.text.contains("all connections are taken") } == 1, "once a minute")
    }

    @Test func oneAddressCannotTakeAllConnections() async throws {
        let lines = LogLines()
        try await RawListener.run(logger: lines.logger, adjust: { $0.connectionsPerAddress = 2 }) { listener in
            try await RawConnection.with(port: listener.port) { first in
                try await RawListener.expectKept(first, after: 0)
                try await RawConnection.with(port: listener.port) { second in
                    try await RawListener.expectKept(second, after: 0)
                    try await RawConnection.with(port: listener.port) { third in
                        try await third.send(RawListener.request())
                        try await third.waitForClose()
                        #expect(third.text.isEmpty)
                    }
                }
                try await eventually("the place is free again") {
                    try await RawConnection.with(port: listener.port) { another in
                        try await another.send(RawListener.request())
                        try await eventually("an answer or the end") { another.isClosed || !another.answers().isEmpty }
                        return another.answers().first?.status == 200
                    }
                }
            }
        }
        #expect(
            lines.notable.contains {
                $0.text.contains("one address has too many connections") && $0.metadata["setting"] == "http.public.connections_per_address"
            })
    }

    @Test func aTrustedProxyMayHaveMoreConnections() async throws {
        let ingress = TestIngress(proxies: TrustedProxies(["127.0.0.1"]))
        try await RawListener.run(ingress, adjust: { $0.connectionsPerAddress = 1 }) { listener in
            try await RawConnection.with(port: listener.port) { first in
                try await RawListener.expectKept(first, after: 0)
                try await RawConnection.with(port: listener.port) { second in try await RawListener.expectKept(second, after: 0) }
                try await RawListener.expectKept(first, after: 1)
            }
        }
    }

    /// The length of an answer that exceeds the buffers.
    private static let length = 2 * 1024 * 1024
    @Sendable private static func long(_ request: RequestRecord) -> ReplyRecord {
        var reply = TestIngress.ok(request)
        let frame = (before: "{\"status_code\":1000,\"data\":\"", after: "\"}")
        let filler = String(repeating: "x", count: length - frame.before.utf8.count - frame.after.utf8.count)
        reply.body = ByteBuffer(string: frame.before + filler + frame.after)
        return reply
    }

    /// A client that does not read notices the end of the connection only when it fails to send.
    private func waitForCut(_ connection: RawConnection) async throws {
        try await eventually("the server cuts the connection off") {
            try await connection.send("x")
            return connection.isClosed
        }
    }
}
