import NIOCore
import NIOHTTP1
import NIOPosix
import OCPI
import Support
import Synchronization
import TestParties
import Testing

@testable import Delivery
@testable import Outbound

/// Parties choose the URLs that the node calls. None may reach an address that only this machine or its network can reach.
@Suite(.timeLimit(.minutes(5))) struct ForbiddenAddressTests {
    /// Addresses that a party's name resolves to when it is called, whatever it resolved to at registration.
    private static let rebound = [
        "127.0.0.1", "127.0.0.53", "0.0.0.0", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "10.0.0.1", "169.254.169.254", "fe80::1",
    ]

    @Test("Scenario 39: a name that leads to a forbidden address when it is called is not connected to", arguments: rebound)
    func aNameIsJudgedBeforeItIsDialled(_ address: String) async throws {
        let server = try await PartyServer.recording { _ in .success }
        // The name itself is not suspicious.
        #expect(try AddressPolicy().mayDial("party.example"))
        for scheme in ["http", "https"] {
            for method in [OCPI.Method.get, .post] {
                let url = "\(scheme)://party.example:\(server.port)/"
                #expect(try await call(url, method, resolving: ["party.example": [address]]) == .forbidden)
            }
        }
        #expect(server.connections == 0)
        await server.stop()
    }

    /// Spellings that only a resolver takes for an address, and names of the local machine.
    @Test(
        "Scenario 39: other ways to write this machine's address lead nowhere",
        arguments: ["localhost", "127.1", "2130706433", "0x7f.1", "012.0.0.1", "172.032.0.1"])
    func theSystemsResolverIsNoWayAround(_ host: String) async throws {
        let server = try await PartyServer.recording { _ in .success }
        for scheme in ["http", "https"] {
            let failure = try await call("\(scheme)://\(host):\(server.port)/", .post)
            // A resolver that does not accept the spelling is fine too.
            #expect(failure == .forbidden || failure == .notSent)
        }
        #expect(server.connections == 0)
        await server.stop()
    }

    @Test("Scenario 39: the address that was judged is the one that is dialled, though the name leads elsewhere a moment later")
    func aNameIsResolvedOnce() async throws {
        let outer = try await PartyServer.recording { _ in .success }
        let asked = Mutex(0)
        // The name is allowed when it is checked, and resolves to another machine afterwards.
        let connections = OutboundConnections(policy: try AddressPolicy(allowing: ["127.0.0.1"])) { _ in
            let first = asked.withLock { count in
                count += 1
                return count == 1
            }
            return Fixture.eventLoop.makeCompletedFuture { try [SocketAddress(ipAddress: first ? "127.0.0.1" : "127.0.0.2", port: 0)] }
        }
        let client = OutboundClient(connections, answerLimit: 1024)
        for _ in 0..<3 { #expect(await failure(client, "http://party.example:\(outer.port)/", .post) == nil) }
        await connections.shutdown()
        #expect(asked.withLock { $0 } == 1)
        #expect(outer.recorded.count == 3 && outer.connections == 1)
        #expect(outer.recorded.allSatisfy { $0.headers.first(name: "Host") == "party.example:\(outer.port)" })
        await outer.stop()
    }

    @Test func ofSeveralAddressesOnlyThoseThatAreAllowedAreDialledUntilOneAnswers() async throws {
        let server = try await PartyServer.recording { _ in .success }
        // There is no listener at 127.0.0.3 on this port.
        let names = ["party.example": ["127.0.0.2", "127.0.0.3", "127.0.0.1"]]
        let url = "http://party.example:\(server.port)/"
        #expect(try await call(url, .post, allowing: ["127.0.0.3", "127.0.0.1"], resolving: names) == nil)
        #expect(try await call(url, .post, allowing: ["127.0.0.3"], resolving: names) == .notSent)
        #expect(server.recorded.count == 1)
        await server.stop()
    }

    @Test func aNameThatNobodyResolvesIsGivenUpInTime() async throws {
        let never = Fixture.eventLoop.makePromise(of: [SocketAddress].self)
        let connections = OutboundConnections(policy: try AddressPolicy()) { _ in never.futureResult }
        let client = OutboundClient(connections, answerLimit: 1024)
        let began = NIODeadline.now()
        let kind = await failure(client, "http://party.example/", .post, within: .milliseconds(200))
        #expect(kind == .notSent && NIODeadline.now() - began < .seconds(3))
        never.succeed([])
        await connections.shutdown()
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
        let secret = try await PartyServer.recording { _ in .success }
        for target in [secret.url, "http://169.254.169.254/latest/meta-data", "http://localhost:\(secret.port)/"] {
            let server = try await PartyServer.recording { _ in .answer(status, [("Location", target)], "") }
            for method in [OCPI.Method.get, .put] {
                #expect(try await call(server.url, method, allowing: ["127.0.0.0/8"]) == nil)
            }
            #expect(server.recorded.count == 2)
            #expect(ResponseClassification(httpStatus: status, statusCode: nil) == .retry("HTTP \(status)"))
            await server.stop()
        }
        #expect(secret.recorded.isEmpty)
        await secret.stop()
    }

    @Test func aConnectionThatIsAllowedIsNoWayToAnotherAddress() async throws {
        let inner = try await PartyServer.recording { _ in .success }
        let server = try await PartyServer.recording { _ in .success }
        let connections = try connections(
            allowing: ["127.0.0.1"], resolving: ["good.example": ["127.0.0.1"], "bad.example": ["127.0.0.2"]])
        let client = OutboundClient(connections, answerLimit: 1024)
        for _ in 0..<3 {
            #expect(await failure(client, "http://good.example:\(server.port)/", .post) == nil)
            #expect(await failure(client, "http://bad.example:\(inner.port)/", .post) == .forbidden)
        }
        await connections.shutdown()
        #expect(server.recorded.count == 3 && server.connections == 1 && inner.connections == 0)
        #expect(server.recorded.allSatisfy { $0.headers.first(name: "Host") == "good.example:\(server.port)" })
        await server.stop()
        await inner.stop()
    }

    private func call(
        _ url: String, _ method: OCPI.Method, allowing networks: [String] = [], resolving names: [String: [String]]? = nil
    ) async throws -> OutboundFailure.Kind? {
        let connections = try connections(allowing: networks, resolving: names)
        let failure = await failure(OutboundClient(connections, answerLimit: 1024), url, method)
        await connections.shutdown()
        return failure
    }

    /// - Parameter names: results instead of those of the system's resolver.
    private func connections(allowing networks: [String], resolving names: [String: [String]]?) throws -> OutboundConnections {
        let policy = try AddressPolicy(allowing: networks)
        guard let names else { return OutboundConnections(policy: policy) }
        return OutboundConnections(policy: policy) { host in
            Fixture.eventLoop.makeCompletedFuture { try (names[host] ?? []).map { try SocketAddress(ipAddress: $0, port: 0) } }
        }
    }

    /// The failure; nil if there was an answer.
    private func failure(
        _ client: OutboundClient, _ url: String, _ method: OCPI.Method, within limit: TimeAmount = .seconds(10)
    ) async -> OutboundFailure.Kind? {
        await withCheckedContinuation { continuation in
            client.send(OutboundRequest(url: url, method: method), deadline: .now() + limit) { result in
                if case .failure(let failure) = result {
                    continuation.resume(returning: failure.kind)
                } else {
                    continuation.resume(returning: nil)
                }
            }
        }
    }
}
