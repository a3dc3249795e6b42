import NIOCore
import OCPI
import Testing
import Topics

@testable import Ingress

/// More than the node may have in hand.
@Suite struct OverloadTests {
    @Test("Scenario 38: beyond its limits the node answers 503 with Retry-After, holds no more than they say, and recovers")
    func moreRequestsThanPlaces() async throws {
        let world = World(timeout: .seconds(60), maxPending: 4, answer: { _ in nil })
        try await withThrowingTaskGroup(of: Int.self) { open in
            for _ in 0..<4 {
                open.addTask { try await world.ask("GET", "/ocpi/sender/2.2.1/locations", headers()).status }
            }
            while world.produced.count < 4 { await Task.yield() }
            for _ in 0..<100 {
                let refused = try await world.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
                #expect(refused.status == 503 && refused["Retry-After"] == "1" && (refused.code ?? 0) >= 2000)
            }
            #expect(world.produced.count == 4 && world.pending.count == 4, "nothing of the rest is kept anywhere")

            for request in world.produced { world.pending.deliver(World.ok(request)) }
            for try await status in open { #expect(status == 200) }
        }
        #expect(world.pending.count == 0)
        #expect(world.pending.reserve(bytes: 0), "there is room again")
    }

    @Test("Scenario 38: bodies are bounded in bytes, and one that is too long is answered 413 before Kafka")
    func moreBytesThanPlaces() async throws {
        let world = World(timeout: .seconds(60), bodyLimit: 1024, maxPending: 100, maxPendingBytes: 2000, answer: { _ in nil })
        let body = #"{"id":"\#(String(repeating: "x", count: 800))"}"#
        try await withThrowingTaskGroup(of: Int.self) { open in
            for _ in 0..<2 {
                open.addTask { try await world.ask("POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: body).status }
            }
            while world.produced.count < 2 { await Task.yield() }
            let refused = try await world.ask("POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: body)
            #expect(refused.status == 503 && refused["Retry-After"] == "1")
            let long = try await world.ask(
                "POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: #"{"id":"\#(String(repeating: "x", count: 1024))"}"#)
            #expect(long.status == 413 && (long.code ?? 0) >= 2000)
            #expect(world.produced.count == 2, "neither reached Kafka")

            for request in world.produced { world.pending.deliver(World.ok(request)) }
            for try await status in open { #expect(status == 200) }
        }
        #expect(world.pending.reserve(bytes: 2000), "every byte was given back")
    }
}
