import Kafka
import Logging
import ServiceLifecycle
import Telemetry

/// Polls a role for partitions that make no progress, and reports them to the operator: as not ready, in a metric and in the log. Nothing
/// is restarted, because most stalls end by themselves.
struct StallMonitor: Service {
    let role: NodeRole
    let health: Health
    let logger: Logger
    var interval = Duration.seconds(5)
    /// A lasting stall is logged again after this time.
    var reminder = Duration.seconds(60)
    /// Whether one stalled partition concerns all parties. An outbox concerns one service: then only a blocked thread, which stalls all
    /// partitions, makes the process not ready.
    var isShared = true
    /// Returns the role's stalled partitions.
    let stalls: @Sendable () async -> [Stall]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Partitions that stall repeatedly must not cause a line each time.
            let log = ThrottledLog(logger, LogLimiter(interval: reminder / 2))
            var known: [TopicPartition] = []
            var loggedAt = ContinuousClock.now
            while !Task.isCancelled {
                let stalls = await stalls()
                let partitions = stalls.map(\.partition)
                let hasChanged = partitions != known
                if !Task.isCancelled, hasChanged || !partitions.isEmpty && ContinuousClock.now - loggedAt >= reminder {
                    if hasChanged { note(stalls) }
                    self.log(stalls, log)
                    (known, loggedAt) = (partitions, .now)
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

    private func log(_ stalls: [Stall], _ log: ThrottledLog) {
        guard !stalls.isEmpty else { return logger.notice("no partition stands still any more") }
        log.log(
            .error, "stalls", "partitions stand still",
            metadata: ["partitions": "\(stalls.map(\.description).joined(separator: "; "))"])
    }
}
