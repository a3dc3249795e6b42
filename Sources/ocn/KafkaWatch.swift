import Kafka
import Logging
import ServiceLifecycle
import Telemetry

/// Asks Kafka every now and then whether it is there, so that a process that cannot reach it gets no traffic, and gets it again when it can.
///
/// The clients reconnect by themselves; this only tells.
struct KafkaWatch: Service {
    let admin: KafkaAdmin
    let health: Health
    let logger: Logger
    var interval = Duration.seconds(2)
    /// How long an answer may take.
    var patience = Duration.seconds(3)

    /// Answers in a row that must be missing.
    private static let misses = 3

    /// The check's name at `/ready`.
    static let check = "kafka"

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isReachable = true
            var misses = 0
            while !Task.isCancelled {
                misses = await admin.isReachable(within: patience) ? 0 : min(misses + 1, Self.misses)
                // One broker of several may be the one that does not answer.
                let answers = misses == 0 || isReachable && misses < Self.misses
                if answers != isReachable, !Task.isCancelled {
                    isReachable = answers
                    health.set(Self.check, ready: answers, reason: answers ? nil : "no broker answers within \(patience)")
                    if answers {
                        logger.notice("Kafka answers again")
                    } else {
                        logger.error("Kafka does not answer; this process gets no traffic until it does")
                    }
                }
                try? await Task.sleep(for: interval)
            }
        }
    }
}
