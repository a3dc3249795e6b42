import Demo
import Support
import Synchronization
import TestParties
import Testing

extension Scenarios {
    /// A process of a node stands still or leaves, and another one carries on.
    @Suite(.serialized, TwoProcessesTrait(), .timeLimit(.minutes(4))) struct TwoProcessesTests {
        private func world() async throws -> TwoProcesses {
            let world = try #require(TwoProcesses.current)
            try await world.makeReady()
            return world
        }

        @Test("Scenario 15: a process that stood still past its session joins again; no copy is lost, and repeats have the same id")
        func aProcessStandsStill() async throws {
            let world = try await world()
            #expect(try await world.post(20, "before", through: 0) == 20)

            let still = try world.place(0).program
            still.setPaused(true)
            let round = Atomic<Int>(0)
            // Until the group has given its share to the other, some wait for it in vain.
            try await eventually("the other serves everything", within: .seconds(60)) {
                let number = round.add(1, ordering: .relaxed).newValue
                return try await world.post(10, "meanwhile-\(number)", through: 1) == 10
            }
            try await world.expectCopies()

            still.setPaused(false)
            try await eventually("it serves again", within: .seconds(60)) {
                let number = round.add(1, ordering: .relaxed).newValue
                return try await world.post(10, "after-\(number)", through: 0) == 10
            }
            try await world.expectCopies()
            #expect(still.isRunning, "\(still.text.suffix(2000))")
            let ids = Dictionary(grouping: world.billing.received.entries.filter { $0.cdr != nil }) { $0.cdr ?? "" }
            for (cdr, copies) in ids {
                #expect(Set(copies.map { $0.request.header("OCN-Copy-ID") }).count == 1, "\(cdr) was copied under two ids")
            }
        }

        @Test("Scenario 12: a process that is told to end under load ends by itself, and no copy is lost")
        func aProcessLeavesUnderLoad() async throws {
            let world = try await world()
            let load = Load()
            let begun = world.accepted.count
            let leaving = try world.place(0).program
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for lane in 0..<4 {
                    tasks.addTask {
                        var number = 0
                        while !load.isOver {
                            // As a load balancer does: whoever does not listen is passed over.
                            let id = "leaving-\(lane)-\(number)"
                            if try await !world.post(id, session: lane, through: leaving.isRunning ? number % 2 : 1) {
                                try await world.post(id + "-again", session: lane, through: 1)
                            }
                            number += 1
                        }
                    }
                }
                try await eventually("load") { world.accepted.count > begun + 40 }
                #expect(await leaving.terminate() == 0, "\(leaving.text.suffix(2000))")
                let before = world.accepted.count
                try await eventually("the other carries on alone", within: .seconds(60)) { world.accepted.count > before + 40 }
                load.end()
                try await tasks.waitForAll()
            }
            try await world.expectCopies()
        }
    }
}

/// Requests until it is enough.
private final class Load: Sendable {
    private let state = Atomic<Bool>(false)

    var isOver: Bool { state.load(ordering: .relaxed) }

    func end() { state.store(true, ordering: .relaxed) }
}
