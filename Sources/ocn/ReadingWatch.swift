import Kafka
import Logging
import ServiceLifecycle
import Telemetry

/// Asks a role every now and then whether its partitions get on, so that an operator sees one that stands still: not ready, in a metric and
/// in the log. Nothing is restarted; most of what holds a partition up passes by itself.
struct ReadingWatch: Service {
    let role: Role
    let health: Health
    let logger: Logger
    var interval = Duration.seconds(5)
    /// Whether one partition that stands still concerns everybody. An outbox concerns one service: then only a thread that is held, and with it
    /// all partitions, takes readiness away.
    var isShared = true
    /// The role's partitions that stand still.
    let stalls: @Sendable () async -> [Stall]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known: [TopicPartition] = []
            while !Task.isCancelled {
                let stalls = await stalls()
                let partitions = stalls.map(\.partition)
                if partitions != known, !Task.isCancelled {
                    known = partitions
                    tell(stalls)
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    private func tell(_ stalls: [Stall]) {
        let check = "\(role.rawValue) reading"
        guard let first = stalls.first else {
            health.set(check, ready: true)
            return logger.notice("no partition stands still any more")
        }
        let others = stalls.count > 1 ? " and \(stalls.count - 1) others" : ""
        let isBlocking = isShared || stalls.contains { $0.cause == .threadHeld }
        health.set(check, ready: !isBlocking, reason: isBlocking ? "standing still: \(first)\(others)" : nil)
        logger.error("partitions stand still", metadata: ["partitions": "\(stalls.map(\.description).joined(separator: "; "))"])
    }
}
