import Demo
import Support
import Synchronization
import TestParties
import Testing

extension Scenarios {
    /// A process of a node is paused or stopped, and the other one continues.
    @Suite(.serialized, TwoProcessesTrait(), .timeLimit(.minutes(4))) struct TwoProcessesTests {
        private func processes() async throws -> TwoProcesses {
            let processes = try #require(TwoProcesses.current)
            try await processes.makeReady()
            return processes
        }

        @Test("Scenario 15: a process that stood still past its session joins again; no copy is lost, and repeats have the same id")
        func aProcessStandsStill() async throws {
            let processes = try await processes()
            #expect(try await processes.post(20, "before", through: 0) == 20)

            let still = try processes.place(0).program
            still.setPaused(true)
            let round = Atomic<Int>(0)
            // Until the group has reassigned its partitions, some requests time out.
            try await eventually("the other serves everything", within: .seconds(60)) {
                let number = round.add(1, ordering: .relaxed).newValue
                return try await processes.post(10, "meanwhile-\(number)", through: 1) == 10
            }
            try await processes.expectCopies()

            still.setPaused(false)
            try await eventually("it serves again", within: .seconds(60)) {
                let number = round.add(1, ordering: .relaxed).newValue
                return try await processes.post(10, "after-\(number)", through: 0) == 10
            }
            try await processes.expectCopies()
            #expect(still.isRunning, "\(still.text.suffix(2000))")
            let ids = Dictionary(grouping: processes.billing.received.entries.filter { $0.cdr != nil }) { $0.cdr ?? "" }
            for (cdr, copies) in ids {
                #expect(Set(copies.map { $0.request.header("OCN-Copy-ID") }).count == 1, "\(cdr) was copied under two ids")
            }
        }

        @Test("Scenario 12: a process that is told to end under load ends by itself, and no copy is lost")
        func aProcessLeavesUnderLoad() async throws {
            let processes = try await processes()
            let load = Load()
            let begun = processes.accepted.count
            let leaving = try processes.place(0).program
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for session in 0..<4 {
                    tasks.addTask {
                        var number = 0
                        while !load.isOver {
                            // Like a load balancer: a process that does not listen is skipped.
                            let id = "leaving-\(session)-\(number)"
                            if try await !processes.post(id, session: session, through: leaving.isRunning ? number % 2 : 1) {
                                try await processes.post(id + "-again", session: session, through: 1)
                            }
                            number += 1
                        }
                    }
                }
                try await eventually("load") { processes.accepted.count > begun + 40 }
                #expect(await leaving.terminate() == 0, "\(leaving.text.suffix(2000))")
                let before = processes.accepted.count
                try await eventually("the other carries on alone", within: .seconds(60)) { processes.accepted.count > before + 40 }
                load.end()
                try await tasks.waitForAll()
            }
            try await processes.expectCopies()
        }
    }
}

/// Sends requests until it is stopped.
private final class Load: Sendable {
    private let state = Atomic<Bool>(false)

    var isOver: Bool { state.load(ordering: .relaxed) }

    func end() { state.store(true, ordering: .relaxed) }
}
