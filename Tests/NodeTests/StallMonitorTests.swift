import Logging
import ServiceLifecycle
import Support
import Synchronization
import Telemetry
import Testing

@testable import Kafka
@testable import Node

/// What an operator hears of partitions that stand still.
@Suite(.timeLimit(.minutes(5))) struct StallMonitorTests {
    @Test func whatLastsIsToldOnceHoweverOftenItIsSeenAndSoIsItsEnd() async throws {
        try await withWatch(reminder: .seconds(3600)) { world in
            world.stallOnePartition()
            try await eventually("it is told") { world.told("partitions stand still") == 1 }
            #expect(!world.health.isReady)
            let looks = world.looks
            try await eventually("it looks ten times more") { world.looks > looks + 10 }
            #expect(world.told("partitions stand still") == 1)
            world.stalls.withLock { $0 = [] }
            try await eventually("the end is told") { world.told("no partition stands still any more") == 1 }
            #expect(world.health.isReady)
        }
    }

    @Test func whatLastsIsToldAgainNowAndThen() async throws {
        try await withWatch(reminder: .milliseconds(20)) { world in
            world.stallOnePartition()
            try await eventually("it is told, and again twice") { world.told("partitions stand still") >= 3 }
            #expect(!world.health.isReady)
        }
    }

    /// What a watch is told and tells.
    private final class Watched: Sendable {
        let stalls = Mutex<[Stall]>([])
        let lines = LogLines()
        let health = Health()
        private let asked = Mutex(0)

        var looks: Int { asked.withLock { $0 } }
        func told(_ text: String) -> Int { lines.all.count { $0.text == text } }

        func look() -> [Stall] {
            asked.withLock { $0 += 1 }
            return stalls.withLock { $0 }
        }

        func stallOnePartition() {
            let stall = Stall(partition: TopicPartition(topic: "t", partition: 0), since: .now, lag: 3, cause: .notRead)
            stalls.withLock { $0 = [stall] }
        }
    }

    /// A watch that looks each millisecond and has seen twice that nothing stands still.
    private func withWatch(reminder: Duration, _ body: (Watched) async throws -> Void) async throws {
        let watched = Watched()
        watched.health.set("matcher", ready: true)
        let watch = StallMonitor(
            role: .matcher, health: watched.health, logger: watched.lines.logger, interval: .milliseconds(1), reminder: reminder
        ) { watched.look() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watch.run() }
            try await eventually("it looks") { watched.looks > 2 }
            #expect(watched.lines.notable.isEmpty && watched.health.isReady)
            try await body(watched)
            group.cancelAll()
        }
    }
}
