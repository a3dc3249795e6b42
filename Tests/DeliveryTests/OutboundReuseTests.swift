import Encoding
import NIOCore
import OCPI
import Synchronization
import TestParties
import Testing

@testable import Delivery
@testable import Outbound

/// Connections are reused whatever the answer: a new one per call would cost both sides a handshake each time.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OutboundReuseTests {
    /// The number of parallel calls of PUSH to one recipient.
    private static let atOnce = 32

    @Test func ofTwoThousandCallsAtMostOneInAHundredNeedsANewConnection() async throws {
        try await reuse(2000) { _ in .success }
    }

    /// An answer must be read even if it is not needed: the connection can be used again only after it.
    @Test func answersThatNobodyReadsDoNotCostTheConnection() async throws {
        try await reuse(1000) { number in
            switch number % 5 {
            case 0: .answer(404, [], "<html>" + String(repeating: "nothing here ", count: 100) + "</html>")
            case 1: .answer(200, [], #"{"status_code":1000,"#)
            case 2: .answer(500, [], String(repeating: "x", count: 50_000))
            case 3: .chunks(503, Array(repeating: String(repeating: "y", count: 1000), count: 5))
            default: .answer(429, [("Retry-After", "1")], "")
            }
        }
    }

    private func reuse(_ calls: Int, _ answer: @escaping @Sendable (_ number: Int) -> ServerAnswer) async throws {
        let server = try await PartyServer.recording { seen in answer(seen.body.jsonInteger(["number"]) ?? 0) }
        let failures = try await exchange { client in await callAll(client, server.url, calls) }
        #expect(failures.isEmpty, "\(failures)")
        #expect(server.recorded.count == calls && server.connections <= Self.atOnce + calls / 100)
        await server.stop()
    }

    @Test func anAnswerIsReadToItsLimitAndItsConnectionIsNotUsedAgain() async throws {
        let bad: [ServerAnswer] = [.endless(200), .endless(404), .answer(200, [], String(repeating: "x", count: 10_000_000))]
        for answer in bad {
            let server = try await PartyServer.recording { seen in seen.target == "/bad" ? answer : .success }
            try await exchange(limit: 1_000_000) { client in
                #expect(await call(client, server.url + "/good") == nil)
                #expect(await call(client, server.url + "/bad")?.kind == .broken)
                #expect(await call(client, server.url + "/good") == nil)
                #expect(await call(client, server.url + "/good") == nil)
            }
            #expect(server.connections == 2 && server.recorded.count == 4)
            // The data in the system's buffers is not read.
            #expect(server.pieces * 65_536 < 20_000_000)
            await server.stop()
        }
    }

    @Test func aRecipientThatEndsEveryConnectionAndSaysSoIsServedOnNewOnes() async throws {
        let server = try await PartyServer.recording { _ in .last(200, [("Connection", "close")], "{}") }
        let failures = try await exchange { client in await callAll(client, server.url, 200) }
        #expect(failures.isEmpty, "\(failures)")
        #expect(server.recorded.count == 200 && server.connections == 200)
        await server.stop()
    }

    /// Servers close idle connections, and all connections when they stop.
    @Test func aConnectionThatItsRecipientLeavesWithoutAWordFailsNoCallThatMayBeRepeated() async throws {
        let answered = Atomic<Int>(0)
        let server = try await PartyServer.recording { _ in
            answered.wrappingAdd(1, ordering: .relaxed).newValue % 20 == 0 ? .last(200, [], "{}") : .answer(200, [], "{}")
        }
        let failures = try await exchange { client in await callAll(client, server.url, 2000, isRepeatable: true) }
        #expect(failures.isEmpty, "\(failures)")
        #expect(Set(server.recorded.map(\.text)).count == 2000)
        await server.stop()
    }

    @Test func whatMustNotArriveTwiceIsNotSentAgainWhenItMeetsAConnectionThatIsLeft() async throws {
        let server = try await PartyServer.recording { _ in .last(200, [], "{}") }
        let failures = try await exchange { client in await callAll(client, server.url, 500) }
        #expect(failures.allSatisfy { $0.kind == .broken || $0.kind == .notSent }, "\(failures)")
        let seen = server.recorded.map(\.text)
        #expect(Set(seen).count == seen.count)
        #expect(seen.count >= 500 - failures.count)
        await server.stop()
    }

    @Test func aRecipientThatHangsUpOnNewConnectionsIsNotAskedAgain() async throws {
        let server = try await PartyServer.recording { _ in .hangUp }
        let failure = try await exchange { client in await call(client, server.url, isRepeatable: true) }
        #expect(failure?.kind == .broken && server.recorded.count == 1)
        await server.stop()
    }

    // MARK: Calls

    private func exchange<Value: Sendable>(limit: Int = 4_000_000, _ body: (OutboundClient) async throws -> Value) async throws -> Value {
        let connections = OutboundConnections(policy: try AddressPolicy(allowing: ["127.0.0.0/8"]))
        let value: Value
        do { value = try await body(OutboundClient(connections, answerLimit: limit)) } catch {
            await connections.shutdown()
            throw error
        }
        await connections.shutdown()
        return value
    }

    /// Sends a POST; nil if there was an answer.
    private func call(
        _ client: OutboundClient, _ url: String, _ number: Int = 0, isRepeatable: Bool = false
    ) async -> OutboundFailure? {
        var request = OutboundRequest(url: url, method: .post, body: ByteBuffer(string: #"{"number":\#(number)}"#))
        request.isRepeatable = isRepeatable
        return await withCheckedContinuation { continuation in
            client.send(request, deadline: .now() + .seconds(60)) { result in
                if case .failure(let failure) = result {
                    continuation.resume(returning: failure)
                } else {
                    continuation.resume(returning: nil)
                }
            }
        }
    }

    /// Makes many calls, some in parallel, and returns the failed ones.
    private func callAll(
        _ client: OutboundClient, _ url: String, _ calls: Int, isRepeatable: Bool = false
    ) async -> [OutboundFailure] {
        await withTaskGroup(of: [OutboundFailure].self) { tasks in
            for first in 0..<Self.atOnce {
                tasks.addTask {
                    var failures: [OutboundFailure] = []
                    for number in stride(from: first, to: calls, by: Self.atOnce) {
                        if let failure = await call(client, url, number, isRepeatable: isRepeatable) { failures.append(failure) }
                    }
                    return failures
                }
            }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
    }
}
