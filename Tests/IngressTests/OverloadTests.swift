import Inbound
import NIOCore
import OCPI
import Testing
import Topics

@testable import Ingress

/// More requests than the limits of the node.
@Suite struct OverloadTests {
    @Test("Scenario 38: beyond its limits the node answers 503 with Retry-After, holds no more than they say, and recovers")
    func moreRequestsThanPlaces() async throws {
        let ingress = TestIngress(timeout: .seconds(60), maxPending: 4, answer: { _ in nil })
        try await withThrowingTaskGroup(of: Int.self) { open in
            for _ in 0..<4 {
                open.addTask { try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers()).status }
            }
            while ingress.produced.count < 4 { await Task.yield() }
            for _ in 0..<100 {
                let refused = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
                #expect(refused.status == 503 && refused["Retry-After"] == "1" && (refused.code ?? 0) >= 2000)
            }
            #expect(ingress.produced.count == 4 && ingress.pending.count == 4, "nothing of the rest is kept anywhere")

            for request in ingress.produced { ingress.pending.deliver(TestIngress.ok(request)) }
            for try await status in open { #expect(status == 200) }
        }
        #expect(ingress.pending.count == 0)
        #expect(ingress.pending.reserve(for: "a"), "there is room again")
    }

    @Test("Scenario 38: bodies are bounded in bytes, and one that is too long is answered 413 before Kafka")
    func moreBytesThanPlaces() async throws {
        let ingress = TestIngress(timeout: .seconds(60), bodyLimit: 1024, maxPending: 100, maxPendingBytes: 8000, answer: { _ in nil })
        let body = #"{"id":"\#(String(repeating: "x", count: 800))"}"#
        try await withThrowingTaskGroup(of: Int.self) { open in
            for _ in 0..<2 {
                open.addTask { try await ingress.ask("POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: body).status }
            }
            while ingress.produced.count < 2 { await Task.yield() }
            let refused = try await ingress.ask("POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: body)
            #expect(refused.status == 503 && refused["Retry-After"] == "1")
            // One platform may use a quarter; the others have the rest.
            open.addTask {
                try await ingress.ask(
                    "POST", "/ocpi/receiver/2.2.1/cdrs",
                    headers([
                        "Authorization": TestIngress.tokenCPO.authorization(encoding: .base64), "OCPI-from-party-id": "CPO",
                        "OCPI-to-party-id": "MSP",
                    ]), body: body
                ).status
            }
            while ingress.produced.count < 3 { await Task.yield() }
            let long = try await ingress.ask(
                "POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: #"{"id":"\#(String(repeating: "x", count: 1024))"}"#)
            #expect(long.status == 413 && (long.code ?? 0) >= 2000)
            #expect(ingress.produced.count == 3, "neither reached Kafka")

            for request in ingress.produced { ingress.pending.deliver(TestIngress.ok(request)) }
            for try await status in open { #expect(status == 200) }
        }
        #expect(ingress.pending.bytes == 0 && ingress.pending.count == 0, "every byte was given back")
    }

    @Test(arguments: [["Content-Length": "1024"], ["Transfer-Encoding": "chunked"]])
    func aBodyThatIsOnlyAnnouncedHoldsNothing(announced: [String: String]) async throws {
        let ingress = TestIngress(timeout: .seconds(60), bodyLimit: 1024, maxPending: 100, maxPendingBytes: 4096)
        let responder = ingress.responder
        let ends = Shared<[AsyncStream<ByteBuffer>.Continuation]>([])
        try await withThrowingTaskGroup(of: Int.self) { open in
            for _ in 0..<20 {
                open.addTask {
                    let (body, end) = AsyncStream<ByteBuffer>.makeStream()
                    ends.withLock { $0.append(end) }
                    return try await ingress.ask(
                        "POST", "/ocpi/receiver/2.2.1/cdrs", headers(announced), stream: body, at: responder
                    ).status
                }
            }
            while ingress.pending.count < 20 { await Task.yield() }
            #expect(ingress.pending.bytes == 0)
            let body = #"{"id":"\#(String(repeating: "x", count: 800))"}"#
            #expect(try await ingress.ask("POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: body, at: responder).status == 200)
            // Bytes that have arrived count.
            ends.withLock { _ = $0.first?.yield(ByteBuffer(string: "{")) }
            while ingress.pending.bytes < 1 { await Task.yield() }
            for end in ends.withLock({ $0 }) { end.finish() }
            for try await status in open { #expect(status != 503) }
        }
        #expect(ingress.pending.bytes == 0 && ingress.pending.count == 0)
    }

    @Test func behindATrustedProxyEachClientHasItsOwnPlaces() async throws {
        let ingress = TestIngress(timeout: .seconds(60), proxies: TrustedProxies(["10.0.0.0/8"]))
        let responder = ingress.responder
        let signature = String(repeating: "11", count: 64) + "1b"
        @Sendable func ask(_ client: String, from address: String, stream: AsyncStream<ByteBuffer>? = nil) async throws -> Int {
            try await ingress.ask(
                "POST", "/ocn/message", ["X-Request-ID": "1", "OCN-Signature": signature, "X-Forwarded-For": "192.0.2.9, \(client)"],
                stream: stream, from: address, at: responder
            ).status
        }
        let ends = Shared<[AsyncStream<ByteBuffer>.Continuation]>([])
        try await withThrowingTaskGroup(of: Int.self) { open in
            for _ in 0..<20 {
                open.addTask {
                    let (body, end) = AsyncStream<ByteBuffer>.makeStream()
                    ends.withLock { $0.append(end) }
                    return try await ask("192.0.2.1", from: "10.0.0.1", stream: body)
                }
            }
            for _ in 0..<4 { #expect(try await open.next() == 503) }
            #expect(try await ask("192.0.2.1", from: "10.0.0.2") == 503, "by whichever proxy it comes")
            #expect(try await ask("192.0.2.2", from: "10.0.0.1") == 400)
            #expect(try await ask("192.0.2.1", from: "203.0.113.9") == 400, "anybody may claim to be somebody else, and is not believed")
            for end in ends.withLock({ $0 }) { end.finish() }
            for try await status in open { #expect(status == 400) }
        }
    }

    @Test func unauthenticatedCallersTakeNoPlaceOfThoseWithAToken() async throws {
        let ingress = TestIngress(timeout: .seconds(60), bodyLimit: 4096, maxPending: 4, maxPendingBytes: 8192)
        let responder = ingress.responder
        let signature = String(repeating: "11", count: 64) + "1b"
        // Bodies that never end.
        let ends = Shared<[AsyncStream<ByteBuffer>.Continuation]>([])
        try await withThrowingTaskGroup(of: Int.self) { open in
            for _ in 0..<40 {
                open.addTask {
                    let (body, end) = AsyncStream<ByteBuffer>.makeStream()
                    ends.withLock { $0.append(end) }
                    return try await ingress.ask(
                        "POST", "/ocn/message", ["X-Request-ID": "1", "OCN-Signature": signature, "Content-Length": "4096"], stream: body,
                        at: responder
                    ).status
                }
            }
            // Sixteen from one address wait, the others are refused.
            for _ in 0..<24 { #expect(try await open.next() == 503) }
            #expect(
                try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/tokens/DE/MSP/1", headers(), body: "{}", at: responder).status == 200)
            for end in ends.withLock({ $0 }) { end.finish() }
            for try await status in open { #expect(status == 400) }
        }
        #expect(ingress.pending.bytes == 0, "nothing is held for them")
    }

    @Test func theBudgetOfUnauthenticatedCallersIsBoundedInRequestsAddressesAndBytes() {
        let budget = UnauthenticatedBudget(.init(requests: 6, perAddress: 2, bytes: 100))
        #expect(budget.enter("a") && budget.enter("a") && !budget.enter("a"))
        for other in ["b", "c", "d", "e"] { #expect(budget.enter(other)) }
        #expect(!budget.enter("f"))
        #expect(budget.charge(20, of: "a") && !budget.charge(6, of: "a") && budget.charge(5, of: "a"), "a quarter of all")
        for other in ["b", "c", "d"] { #expect(budget.charge(25, of: other)) }
        #expect(!budget.charge(1, of: "e"), "there is no room for more together")
        budget.leave("a", bytes: 20)
        #expect(budget.charge(20, of: "e") && !budget.charge(1, of: "a"))
        budget.leave("a", bytes: 5)
        #expect(budget.enter("f") && budget.charge(5, of: "f") && !budget.charge(1, of: "f"))
    }
}
