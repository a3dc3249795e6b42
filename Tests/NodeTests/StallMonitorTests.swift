import Logging
import ServiceLifecycle
import Support
import Synchronization
import Telemetry
import Testing

@testable import Kafka
@testable import Node

/// The reports about stalled partitions.
@Suite(.timeLimit(.minutes(5))) struct StallMonitorTests {
    @Test func whatLastsIsLoggedOnceHoweverOftenItIsSeenAndSoIsItsEnd() async throws {
        try await withWatch(reminder: .seconds(3600)) { watched in
            watched.stallOnePartition()
            try await eventually("it is logged") { watched.logged("partitions stand still") == 1 }
            #expect(!watched.health.isReady)
            let looks = watched.looks
            try await eventually("it looks ten times more") { watched.looks > looks + 10 }
            #expect(watched.logged("partitions stand still") == 1)
            watched.stalls.withLock { $0 = [] }
            try await eventually("the end is logged") { watched.logged("no partition stands still any more") == 1 }
            #expect(watched.health.isReady)
        }
    }

    @Test func whatLastsIsLoggedAgainNowAndThen() async throws {
        try await withWatch(reminder: .milliseconds(20)) { watched in
            watched.stallOnePartition()
            try await eventually("it is logged, and again twice") { watched.logged("partitions stand still") >= 3 }
            #expect(!watched.health.isReady)
        }
    }

    /// The input and output of a monitor.
    private final class Watched: Sendable {
        let stalls = Mutex<[Stall]>([])
        let lines = LogLines()
        let health = Health()
        private let asked = Mutex(0)

        var looks: Int { asked.withLock { $0 } }
        func logged(_ text: String) -> Int { lines.all.count { $0.text == text } }

        func look() -> [Stall] {
            asked.withLock { $0 += 1 }
            return stalls.withLock { $0 }
        }

        func stallOnePartition() {
            let stall = Stall(partition: TopicPartition(topic: "t", partition: 0), since: .now, lag: 3, cause: .notRead)
            stalls.withLock { $0 = [stall] }
        }
    }

    /// Runs a monitor that polls every millisecond and has twice seen no stall.
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
