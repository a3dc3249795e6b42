import NIOCore
import OCPI
import Support
import TestParties
import Testing

@testable import Bench

@Suite struct HangingEndpointTests {
    private let endpoint = HangingEndpoint()

    /// Runs `body` with a function that calls a party and returns the HTTP status. The party answers unless the endpoint is open.
    private func withParty(_ body: (@escaping @Sendable (Duration) async throws -> Int) async throws -> Void) async throws {
        let role = PartyDescription.Role("EMSP", try #require(PartyID("NL-MSP")))
        let party = TestParty(PartyDescription(role, [Interface(.sessions, .receiver)])) {
            [endpoint] request in
            endpoint.leavesUnanswered(request.http.connection, at: 7, .exchange) ? .silence : .success()
        }
        try await party.start()
        let (url, caller) = ("\(party.url)/ocpi/2.2.1/sessions", PartyCaller())
        let headers = [(OCPIHeader.authorization, party.tokenB.authorization(encoding: .base64))]
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(
                try await body { limit in try await caller.call(.get, url, headers: headers, within: limit).status })
        } catch {
            outcome = .failure(error)
        }
        await caller.close()
        await party.stop()
        try outcome.get()
    }

    private var open: Int { endpoint.sample()[.exchange] ?? 0 }

    @Test func aCallerThatGivesUpIsNoLongerCounted() async throws {
        try await withParty { call in
            endpoint.open()
            await #expect(throws: (any Error).self) { try await call(.milliseconds(200)) }
            try await eventually("nothing is open") { open == 0 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { _ = try? await call(.seconds(60)) } }
                try await eventually("three calls are open") { open == 3 }
                #expect(endpoint.most == [.exchange: 3])
                group.cancelAll()
            }
            try await eventually("nothing is open") { open == 0 }
        }
    }

    @Test func onceItIsClosedWhoWaitedIsLetGoAndEverybodyIsAnswered() async throws {
        try await withParty { call in
            #expect(try await call(.seconds(20)) == 200)
            endpoint.open()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: (any Error).self) { try await call(.seconds(60)) }
                }
                try await eventually("one call is open") { open == 1 }
                endpoint.close()
                try await group.waitForAll()
            }
            try await eventually("nothing is open") { open == 0 }
            #expect(try await call(.seconds(20)) == 200)
        }
    }
}
