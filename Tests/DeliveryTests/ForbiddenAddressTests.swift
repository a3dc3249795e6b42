import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import OCPI
import Testing

@testable import Delivery
@testable import Outbound

/// Parties choose the URLs that we call. None may lead to what only this machine or its neighbours can reach.
@Suite(.timeLimit(.minutes(5))) struct ForbiddenAddressTests {
    /// What a party's name is made to stand for when it is dialled, whatever it stood for when it registered. The ports are closed or
    /// nobody's: nothing may be sent there in any case.
    private static let rebound = [
        "127.0.0.1", "127.0.0.53", "0.0.0.0", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "localhost", "127.1", "2130706433",
    ]

    @Test("Scenario 39: a name that leads to a forbidden address when it is dialled gets no request, whatever it was checked as before")
    func aNameIsJudgedAsDialled() async throws {
        let server = try await PartyServer { _ in .success }
        for address in Self.rebound {
            // Nothing about the name itself is suspicious.
            #expect(try AddressPolicy().mayDial("party.example"))
            for method in [OCPI.Method.get, .post] {
                let failure = try await call("http://party.example:\(server.port)/", method, resolving: ["party.example": address])
                // An address that this machine cannot even dial is as good.
                #expect(failure == .forbidden || failure == .notSent, "\(address): \(failure.map { "\($0)" } ?? "answered")")
            }
        }
        let failure = try await call("http://party.example:\(server.port)/", .post, resolving: ["party.example": "127.0.0.1"])
        #expect(failure == .forbidden, "reached, and refused")
        #expect(server.seen.isEmpty)
        await server.stop()
    }

    @Test(
        "Scenario 39: a forbidden address is not dialled",
        arguments: [
            "127.0.0.1", "169.254.169.254", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
            "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[fe80::1]", "[fd00::1]", "[2002:7f00:1::]",
        ])
    func aLiteralIsRefusedAtOnce(_ address: String) async throws {
        #expect(try await call("http://\(address):1/latest/meta-data", .get) == .forbidden)
        #expect(try await call("https://\(address)/", .post) == .forbidden)
    }

    @Test(
        "Scenario 39: a redirect is an answer, wherever it leads",
        arguments: [301, 302, 303, 307, 308])
    func redirectsAreNotFollowed(_ status: Int) async throws {
        let secret = try await PartyServer { _ in .success }
        for target in [secret.url, "http://169.254.169.254/latest/meta-data", "http://localhost:\(secret.port)/"] {
            let server = try await PartyServer { _ in .answer(status, [("Location", target)], "") }
            for method in [OCPI.Method.get, .put] {
                #expect(try await call(server.url, method, allowing: ["127.0.0.0/8"]) == nil)
            }
            #expect(server.seen.count == 2)
            #expect(Verdict(httpStatus: status, statusCode: nil) == .retry("HTTP \(status)"))
            await server.stop()
        }
        #expect(secret.seen.isEmpty)
        await secret.stop()
    }

    @Test func aConnectionThatIsAllowedIsNoWayToAnotherAddress() async throws {
        let inner = try await PartyServer { _ in .success }
        let server = try await PartyServer { _ in .success }
        let policy = try AddressPolicy(allowing: ["127.0.0.1"])
        var configuration = OutboundClient.configuration(policy)
        configuration.dnsOverride = ["good.example": "127.0.0.1", "bad.example": "127.0.0.2"]
        let http = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
        let client = OutboundClient(client: http, policy: policy, answerLimit: 1024)
        for _ in 0..<3 {
            #expect(await failure(client, "http://good.example:\(server.port)/", .post) == nil)
            let bad = await failure(client, "http://bad.example:\(inner.port)/", .post)
            #expect(bad == .forbidden || bad == .notSent)
        }
        try await http.shutdown()
        #expect(server.seen.count == 3 && server.connections == 1 && inner.seen.isEmpty)
        #expect(server.seen.allSatisfy { $0.headers.first(name: "Host") == "good.example:\(server.port)" })
        await server.stop()
        await inner.stop()
    }

    private func call(
        _ url: String, _ method: OCPI.Method, allowing networks: [String] = [], resolving names: [String: String] = [:]
    ) async throws -> OutboundFailure.Kind? {
        let policy = try AddressPolicy(allowing: networks)
        var configuration = OutboundClient.configuration(policy)
        configuration.dnsOverride = names
        let http = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
        let failure = await failure(OutboundClient(client: http, policy: policy, answerLimit: 1024), url, method)
        try await http.shutdown()
        return failure
    }

    /// Nil if there was an answer.
    private func failure(_ client: OutboundClient, _ url: String, _ method: OCPI.Method) async -> OutboundFailure.Kind? {
        await withCheckedContinuation { continuation in
            client.send(OutboundRequest(url: url, method: method), deadline: .now() + .seconds(10)) { result in
                if case .failure(let failure) = result {
                    continuation.resume(returning: failure.kind)
                } else {
                    continuation.resume(returning: nil)
                }
            }
        }
    }
}
