import Kafka
import Logging
import ServiceLifecycle
import Telemetry

/// Asks a role every now and then whether its partitions get on, so that an operator sees one that stands still: not ready, in a metric and
/// in the log. Nothing is restarted; most of what holds a partition up passes by itself.
struct StallMonitor: Service {
    let role: NodeRole
    let health: Health
    let logger: Logger
    var interval = Duration.seconds(5)
    /// What lasts is told again after this.
    var reminder = Duration.seconds(60)
    /// Whether one partition that stands still concerns everybody. An outbox concerns one service: then only a thread that is held, and with it
    /// all partitions, takes readiness away.
    var isShared = true
    /// The role's partitions that stand still.
    let stalls: @Sendable () async -> [Stall]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Partitions that come and go are no reason for a line each time.
            let log = ThrottledLog(logger, LogLimiter(interval: reminder / 2))
            var known: [TopicPartition] = []
            var told = ContinuousClock.now
            while !Task.isCancelled {
                let stalls = await stalls()
                let partitions = stalls.map(\.partition)
                let isNews = partitions != known
                if !Task.isCancelled, isNews || !partitions.isEmpty && ContinuousClock.now - told >= reminder {
                    if isNews { note(stalls) }
                    tell(stalls, log)
                    (known, told) = (partitions, .now)
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    private func note(_ stalls: [Stall]) {
        let check = "\(role.rawValue) reading"
        let isBlocking = !stalls.isEmpty && isShared || stalls.contains { $0.cause == .threadHeld }
        let others = stalls.count > 1 ? " and \(stalls.count - 1) others" : ""
        health.set(check, ready: !isBlocking, reason: isBlocking ? stalls.first.map { "standing still: \($0)\(others)" } : nil)
    }

    private func tell(_ stalls: [Stall], _ log: ThrottledLog) {
        guard !stalls.isEmpty else { return logger.notice("no partition stands still any more") }
        log.log(
            .error, "stalls", "partitions stand still",
            metadata: ["partitions": "\(stalls.map(\.description).joined(separator: "; "))"])
    }
}
