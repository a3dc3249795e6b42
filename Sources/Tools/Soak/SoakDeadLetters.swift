import Kafka
import Logging
import OCPI
import Topics

/// Reads `ocn.dead` and records the dead letters in the ledger.
struct SoakDeadLetters: Sendable {
    private let reader: PartitionReader

    /// - Throws: `KafkaError` if the topic cannot be read.
    static func follow(_ kafka: KafkaSettings, _ topics: TopicNames, sharedLedger: SharedLedger) async throws -> SoakDeadLetters {
        let silent = Logger(label: "soak.dead") { _ in SwiftLogNoOpLogHandler() }
        let partitions = try await KafkaAdmin.with(kafka, logger: silent) { try await $0.listTopics()[topics.dead] ?? 0 }
        let reader = PartitionReader(
            kafka, topic: topics.dead, partitions: (0..<Int32(clamping: partitions)).map { $0 }, start: .beginning, logger: silent,
            onBatch: { batch in for record in batch { note(record, in: sharedLedger) } }, onEnd: { _, _ in })
        try await reader.start()
        return SoakDeadLetters(reader: reader)
    }

    func stop() async { await reader.stop() }

    private static func note(_ record: IncomingRecord, in sharedLedger: SharedLedger) {
        // A resolution of a dead letter. The run makes none, but other programs may.
        guard !DeadResolution.isResolution(record) else { return }
        guard let dead = try? DeadRecord(record) else {
            return sharedLedger.note { ledger, _ in ledger.unreadable("a record of ocn.dead") }
        }
        let request = dead.copy.request
        sharedLedger.note { ledger, time in
            ledger.died(
                Correlation.number(request.correlationID), dead.cause == "expired" ? .expired : .dead, for: request.to.canonical, at: time)
        }
    }
}
