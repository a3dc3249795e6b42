import Logging
import ServiceLifecycle
import Support
import Synchronization
import Telemetry
import Testing

@testable import Kafka
@testable import ocn

/// What an operator hears of partitions that stand still.
@Suite(.timeLimit(.minutes(1))) struct ReadingWatchTests {
    @Test func whatLastsIsToldAgainNowAndThenAndSoIsItsEnd() async throws {
        let stalls = Mutex<[Stall]>([])
        let lines = LogLines()
        let health = Health()
        health.set("matcher", ready: true)
        let asked = Mutex(0)
        let watch = ReadingWatch(
            role: .matcher, health: health, logger: lines.logger, interval: .milliseconds(1), reminder: .milliseconds(200)
        ) {
            asked.withLock { $0 += 1 }
            return stalls.withLock { $0 }
        }
        func told(_ text: String) -> Int { lines.all.count { $0.text == text } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watch.run() }
            try await eventually("it looks") { asked.withLock { $0 } > 2 }
            #expect(lines.notable.isEmpty && health.isReady)
            stalls.withLock {
                $0 = [Stall(partition: TopicPartition(topic: "t", partition: 0), since: .now, lag: 3, cause: .notRead)]
            }
            try await eventually("it is told, and again twice") { told("partitions stand still") == 3 }
            #expect(!health.isReady)
            let looks = asked.withLock { $0 }
            #expect(looks > 3 * told("partitions stand still"), "not with each look")
            stalls.withLock { $0 = [] }
            try await eventually("the end is told") { told("no partition stands still any more") == 1 }
            #expect(health.isReady)
            group.cancelAll()
        }
    }
}
