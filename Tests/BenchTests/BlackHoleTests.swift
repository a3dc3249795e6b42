import NIOCore
import OCPI
import Support
import Testing

@testable import Bench
@testable import Testbed

@Suite struct BlackHoleTests {
    private let hole = BlackHole()
    private let caller = Caller()

    private func withServer(_ body: (String) async throws -> Void) async throws {
        let server = PartyServer { [hole] request in
            hole.swallows(request.connection, at: 7, .exchange) ? nil : Serving(body: Envelope.success())
        }
        try await server.start()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(server.url)) } catch { outcome = .failure(error) }
        await caller.close()
        await server.stop()
        try outcome.get()
    }

    private var open: Int { hole.look()[.exchange] ?? 0 }

    @Test func aCallerThatGivesUpIsNoLongerCounted() async throws {
        try await withServer { url in
            hole.open()
            await #expect(throws: (any Error).self) { try await caller.call("GET", url, timeout: .milliseconds(200)) }
            try await eventually("nothing is open") { open == 0 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { _ = try? await caller.call("GET", url, timeout: .seconds(60)) } }
                try await eventually("three calls are open") { open == 3 }
                #expect(hole.most == [.exchange: 3])
                group.cancelAll()
            }
            try await eventually("nothing is open") { open == 0 }
        }
    }

    @Test func onceItIsClosedWhoWaitedIsLetGoAndEverybodyIsAnswered() async throws {
        try await withServer { url in
            #expect(try await caller.call("GET", url).status == 200)
            hole.open()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: (any Error).self) { try await caller.call("GET", url, timeout: .seconds(60)) }
                }
                try await eventually("one call is open") { open == 1 }
                hole.close()
                try await group.waitForAll()
            }
            try await eventually("nothing is open") { open == 0 }
            #expect(try await caller.call("GET", url).status == 200)
        }
    }
}
