import NIOCore
import NIOHTTP1
import OCPI
import Support
import TestParties
import Testing

@testable import Delivery
@testable import Outbound

@Suite struct OutboundClientTests {
    @Test func severalRecipientsAtOneHostFindConnections() async throws {
        for (perHost, calls, expected) in [(512, Int.max, 512), (512, 72, 72), (512, 0, 1), (2000, 8192, 2000)] {
            let connections = OutboundConnections(policy: try AddressPolicy(), maxCalls: calls, perHost: perHost)
            #expect(connections.connectionsPerHost == expected)
            await connections.shutdown()
        }
    }

    private func exchange<Value: Sendable>(
        allowing networks: [String] = ["127.0.0.0/8"], limit: Int = 10_000, maxCalls: Int = .max,
        _ body: (OutboundClient) async throws -> Value
    ) async throws -> Value {
        let connections = OutboundConnections(policy: try AddressPolicy(allowing: networks), maxCalls: maxCalls)
        return try await exchange(over: connections, limit: limit, body)
    }

    private func exchange<Value: Sendable>(
        over connections: OutboundConnections, limit: Int, _ body: (OutboundClient) async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body(OutboundClient(connections, answerLimit: limit))
            await connections.shutdown()
            return value
        } catch {
            await connections.shutdown()
            throw error
        }
    }

    private func call(
        _ client: OutboundClient, _ url: String, method: OCPI.Method = .get, body: String? = nil, timeout: TimeAmount = .seconds(5)
    ) async -> Result<OutboundResponse, OutboundFailure> {
        await withCheckedContinuation { continuation in
            client.send(
                OutboundRequest(url: url, method: method, headers: ["X-Test": "1"], body: body.map { ByteBuffer(string: $0) }),
                deadline: .now() + timeout
            ) { continuation.resume(returning: $0) }
        }
    }

    private func failure(_ result: Result<OutboundResponse, OutboundFailure>) -> OutboundFailure.Kind? {
        if case .failure(let failure) = result { failure.kind } else { nil }
    }

    @Test func noMoreCallsThanThereAreConnectionsForAreMadeAtOnce() async throws {
        let server = try await PartyServer.recording { seen in seen.target.hasSuffix("hang") ? .silence : .success }
        try await exchange(maxCalls: 2) { client in
            async let first = call(client, server.url + "/hang", timeout: .seconds(2))
            async let second = call(client, server.url + "/hang", timeout: .seconds(2))
            try await eventually("two are called") { server.recorded.count == 2 }
            #expect(failure(await call(client, server.url)) == .busy)
            #expect(await [failure(first), failure(second)] == [.timeout, .timeout])
            #expect(failure(await call(client, server.url)) == nil, "there is room again")
            // Calls that were not sent hold no connection.
            for _ in 0..<4 { #expect(failure(await call(client, "http://nowhere.invalid")) == .notSent) }
            #expect(failure(await call(client, server.url)) == nil)
        }
        await server.stop()
    }

    @Test func answersUnderWayShareRoomOfWhichOneHostTakesAQuarter() async throws {
        let large = String(repeating: "x", count: 60_000)
        let server = try await PartyServer.recording { seen in
            switch seen.target {
            case "/slow": .beginning(large)
            case "/large": .answer(200, [], large)
            default: .success
            }
        }
        let connections = OutboundConnections(policy: try AddressPolicy(allowing: ["127.0.0.0/8"]), answerBytes: 400_000)
        let named = server.url.replacing("127.0.0.1", with: "localhost")
        try await exchange(over: connections, limit: 100_000) { client in
            async let slow = call(client, server.url + "/slow", timeout: .seconds(3))
            try await eventually("its beginning is here") { connections.answers.used == 60_000 }
            guard case .failure(let failure) = await call(client, server.url + "/large") else {
                return #expect(Bool(false), "two large answers are more than a quarter")
            }
            #expect(failure.kind == .broken && failure.isAnswer && failure.reason.contains("no room"))
            #expect(try await call(client, server.url).get().status == 200, "small ones need no room")
            #expect(try await call(client, named + "/large").get().body.readableBytes == 60_000, "another host has its own part")
            #expect(self.failure(await slow) == .timeout)
            #expect(connections.answers.used == 0)
            #expect(try await call(client, server.url + "/large").get().body.readableBytes == 60_000)
        }
        await server.stop()
    }

    @Test func requestAndAnswerPassUnchanged() async throws {
        let server = try await PartyServer.recording { _ in .answer(207, [("X-Limit", "5")], "{ }") }
        let response = try await exchange { client in
            try await call(client, server.url + "/a%2Fb/c?x=1&y=%20z", method: .put, body: #"{"n":1.10}"#).get()
        }
        #expect(response.status == 207)
        #expect(String(buffer: response.body) == "{ }")
        #expect(response.headers.first(name: "x-limit") == "5")
        let seen = try #require(server.recorded.first)
        #expect(seen.method == .put && seen.target == "/a%2Fb/c?x=1&y=%20z" && seen.text == #"{"n":1.10}"#)
        #expect(seen.headers.first(name: "x-test") == "1")
        await server.stop()
    }

    @Test func aForbiddenAddressGetsNoRequest() async throws {
        let server = try await PartyServer.recording { _ in .success }
        let kinds = try await exchange(allowing: []) { client in
            [
                failure(await call(client, server.url)),
                // The address of a name is checked after DNS resolution.
                failure(await call(client, "http://localhost:\(server.port)/", method: .post, body: "{}")),
                failure(await call(client, "http://localhost:\(server.port)/again")),
                // Other spellings of 127.0.0.1 that the system's resolver accepts.
                failure(await call(client, "http://127.1:\(server.port)/")),
                failure(await call(client, "http://2130706433:\(server.port)/")),
            ]
        }
        #expect(kinds.allSatisfy { $0 == .forbidden || $0 == .notSent }, "\(kinds)")
        #expect(kinds[0] == .forbidden && kinds[1] == .forbidden && kinds[2] == .forbidden, "\(kinds)")
        #expect(server.recorded.isEmpty)
        await server.stop()
    }

    @Test func manyForbiddenCallsAtOnceAllFail() async throws {
        let server = try await PartyServer.recording { _ in .success }
        try await exchange(allowing: []) { client in
            await withTaskGroup(of: OutboundFailure.Kind?.self) { group in
                for _ in 0..<100 { group.addTask { failure(await call(client, "http://localhost:\(server.port)/")) } }
                for await kind in group { #expect(kind == .forbidden || kind == .notSent) }
            }
        }
        #expect(server.recorded.isEmpty)
        await server.stop()
    }

    @Test(arguments: ["", "nonsense", "ftp://example.org/", "unix:///tmp/x", "http+unix://%2Ftmp%2Fx/y", "http://", "file:///etc/passwd"])
    func whatIsNoHTTPURLIsNotCalled(_ url: String) async throws {
        let kind = try await exchange { client in failure(await call(client, url)) }
        #expect(kind == .forbidden)
    }

    @Test func aRefusedConnectionMeansNothingWasSent() async throws {
        let server = try await PartyServer.recording { _ in .success }
        await server.stop()
        let kind = try await exchange { client in failure(await call(client, server.url)) }
        #expect(kind == .notSent)
    }

    @Test func anUnknownNameMeansNothingWasSent() async throws {
        let kind = try await exchange { client in failure(await call(client, "http://no-such-host.invalid/")) }
        #expect(kind == .notSent)
    }

    @Test func aHangingRecipientTimesOut() async throws {
        let server = try await PartyServer.recording { _ in .silence }
        let kind = try await exchange { client in
            failure(await call(client, server.url, method: .post, body: "{}", timeout: .milliseconds(300)))
        }
        #expect(kind == .timeout)
        await server.stop()
    }

    @Test func aBrokenConnectionIsNotTakenForUnsent() async throws {
        let server = try await PartyServer.recording { _ in .hangUp }
        let kind = try await exchange { client in failure(await call(client, server.url, method: .post, body: "{}")) }
        #expect(kind == .broken)
        #expect(server.recorded.count == 1)
        await server.stop()
    }

    @Test func anAnswerThatIsTooLargeIsBroken() async throws {
        let server = try await PartyServer.recording { seen in
            .answer(200, [], String(repeating: "x", count: seen.target == "/small" ? 100 : 101))
        }
        let (small, large) = try await exchange(limit: 100) { client in
            (await call(client, server.url + "/small"), failure(await call(client, server.url + "/large")))
        }
        #expect(try small.get().body.readableBytes == 100)
        #expect(large == .broken)
        await server.stop()
    }

    @Test func redirectsAreNotFollowed() async throws {
        let other = try await PartyServer.recording { _ in .success }
        let target = other.url
        let server = try await PartyServer.recording { _ in .answer(302, [("Location", target)], "") }
        let response = try await exchange { client in try await call(client, server.url).get() }
        #expect(response.status == 302)
        #expect(other.recorded.isEmpty)
        await server.stop()
        await other.stop()
    }

    @Test func connectionsAreReused() async throws {
        let server = try await PartyServer.recording { _ in .success }
        try await exchange { client in
            for _ in 0..<20 { _ = try await call(client, server.url).get() }
        }
        #expect(server.recorded.count == 20)
        #expect(server.connections <= 2)
        await server.stop()
    }
}
