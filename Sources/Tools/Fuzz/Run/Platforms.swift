import Encoding
import Kafka
import Logging
import NIOCore
import Synchronization
import Testbed
import Topics

/// Finds the id of a platform in `ocn.state`.
enum Platforms {
    /// The platform whose endpoints begin with a URL; nil if there is none.
    /// - Throws: `KafkaError` of a cluster that cannot be read.
    static func id(at url: String, _ kafka: KafkaSettings, _ topics: TopicNames) async throws -> String? {
        let silent = Logger(label: "fuzz.platforms") { _ in SwiftLogNoOpLogHandler() }
        let found = Mutex<String?>(nil)
        let (ends, end) = AsyncStream<Void>.makeStream()
        let reader = PartitionReader(
            kafka, topic: topics.state, partitions: [0], start: .beginning, logger: silent,
            onBatch: { batch in
                for record in batch {
                    guard let key = record.key, key.hasPrefix("endpoints/"), let value = record.value, String(buffer: value).contains(url)
                    else { continue }
                    found.withLock { $0 = String(key.dropFirst("endpoints/".count)) }
                }
            }, onEnd: { _, _ in end.finish() })
        try await reader.start()
        await ends.ends(within: .seconds(20))
        await reader.stop()
        return found.withLock { $0 }
    }
}
