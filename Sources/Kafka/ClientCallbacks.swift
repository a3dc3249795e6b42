import CLibrdkafka
import Logging
import Synchronization

/// librdkafka's callbacks other than delivery reports. They run on threads that must not be blocked.
final class ClientCallbacks: Sendable {
    let log: ThrottledLog
    /// Why the last connection attempt to a broker failed, in librdkafka's words; nil if none has failed.
    private let trouble = Mutex<String?>(nil)
    private let onError: @Sendable (KafkaError) -> Void
    let onStatistics: @Sendable (String) -> Void
    let onRebalance: (@Sendable (OpaquePointer, rd_kafka_resp_err_t, [TopicPartition]) -> Void)?

    init(
        log: ThrottledLog, onError: @escaping @Sendable (KafkaError) -> Void = { _ in },
        onStatistics: @escaping @Sendable (String) -> Void = { _ in },
        onRebalance: (@Sendable (OpaquePointer, rd_kafka_resp_err_t, [TopicPartition]) -> Void)? = nil
    ) {
        self.log = log
        self.onError = onError
        self.onStatistics = onStatistics
        self.onRebalance = onRebalance
    }

    /// Why the last connection attempt to a broker failed, in librdkafka's words; nil if none has failed.
    var lastTrouble: String? { trouble.withLock { $0 } }

    func failed(_ error: KafkaError, client: String) {
        if error.isAllBrokersDown {
            // The errors of the single brokers are logged already.
            log.log(.debug, error.name, "\(error)", metadata: ["client": "\(client)"])
        } else {
            trouble.withLock { $0 = ClientCallbacks.plain(error.reason) }
            log.log(error, metadata: ["client": "\(client)"])
        }
        onError(error)
    }

    /// librdkafka's message about a broker, without its thread and with the broker named once: `[thrd:host:1/bootstrap]: host:1/bootstrap:
    /// Connect to …` becomes `host:1/bootstrap: Connect to …`.
    static func plain(_ text: String) -> String {
        guard text.hasPrefix("[thrd:"), let end = text.firstRange(of: "]: ") else { return text }
        return String(text[end.upperBound...])
    }

    /// Logs a line of librdkafka.
    /// - Parameter tellsErrors: whether librdkafka also reports the same fault as an error.
    func line(_ level: Logger.Level, _ facility: String, _ text: String, tellsErrors: Bool) {
        var level = level
        switch facility {
        // One settings dictionary serves producers and consumers, which ignore parts of it. The line about topic creation is useless,
        // because only an embedded cluster cannot switch it off.
        case "AUTOCREATE": level = .debug
        // The errors of the single brokers are logged already.
        case "ERROR" where text.hasSuffix("brokers are down"): level = .debug
        case "CONFWARN" where text.contains("will be ignored by this"): level = .debug
        // Not an error: brokers that have just started are not ready for everything.
        case "GETPID" where text.hasSuffix("retrying"): level = .info
        case "FAIL":
            trouble.withLock { $0 = ClientCallbacks.plain(text) }
            if tellsErrors { level = .debug }
        default: break
        }
        log.log(level, facility, text, metadata: ["facility": "\(facility)"])
    }
}
