import Encoding
import Kafka
import Logging
import TestParties
import Topics

/// Reads both clusters like any Kafka client: the requests, replies, outboxes and shared state of each node, all partitions from the
/// beginning. It uses record headers only.
package final class KafkaTap: Sendable {
    private let readers: [PartitionReader]
    private let inbox: Inbox<Crossing>

    private init(readers: [PartitionReader], inbox: Inbox<Crossing>) {
        self.readers = readers
        self.inbox = inbox
    }

    /// Starts reading. Topics must exist: those created later are not read.
    /// - Throws: `KafkaError` of a cluster that cannot be read.
    package static func open(_ clusters: [DemoCluster]) async throws -> KafkaTap {
        let inbox = Inbox<Crossing>()
        let silent = Logger(label: "demo.tap") { _ in SwiftLogNoOpLogHandler() }
        var readers: [PartitionReader] = []
        for (node, cluster) in clusters.enumerated() {
            let kafka = KafkaSettings(
                bootstrap: cluster.kafka.bootstrap, clientID: "demo-tap-\(node + 1)", properties: cluster.kafka.properties)
            for (topic, partitions) in try await KafkaAdmin.with(kafka, logger: silent, { try await $0.listTopics() }) {
                guard let kind = kind(of: topic, cluster.topics) else { continue }
                readers.append(
                    PartitionReader(
                        kafka, topic: topic, partitions: (0..<Int32(clamping: partitions)).map { $0 }, start: .beginning, logger: silent,
                        onBatch: { batch in
                            let seen = Timestamp.now
                            inbox.append(batch.map { Crossing($0, node: node, kind: kind, seen: seen) })
                        },
                        onEnd: { _, _ in }))
            }
        }
        for reader in readers { try await reader.start() }
        return KafkaTap(readers: readers, inbox: inbox)
    }

    /// Stops reading.
    package func close() async {
        for reader in readers { await reader.stop() }
    }

    /// All records read so far.
    package var crossings: [Crossing] { inbox.entries }

    /// Waits for a matching record and returns the first; nil after the timeout.
    package func first(timeout: Duration, where condition: @escaping @Sendable (Crossing) -> Bool) async -> Crossing? {
        await inbox.wait(within: timeout) { $0.contains(where: condition) }?.first(where: condition)
    }

    /// Waits until at least these numbers of requests, replies and copies with one correlation id were read, and returns all of them in the
    /// order in which they were produced; nil after the timeout.
    package func trail(
        of correlationID: String, requests: Int, replies: Int, copies: Int, timeout: Duration
    ) async -> [Crossing]? {
        let entries = await inbox.wait(within: timeout) { entries in
            let trail = Self.trail(of: correlationID, in: entries)
            func count(_ kind: Crossing.Kind) -> Int { trail.count { $0.kind == kind } }
            return count(.request) >= requests && count(.reply) >= replies && count(.copy) >= copies
        }
        return entries.map { Self.trail(of: correlationID, in: $0) }
    }

    /// A reply may be read before its request, which has the correlation id, so all entries are searched.
    static func trail(of correlationID: String, in entries: [Crossing]) -> [Crossing] {
        let own = entries.filter { $0.correlationID == correlationID }
        let requests = own.filter { $0.kind == .request }
        let atHome = Set(requests.filter(\.isLocal).compactMap(\.id))
        let away = Set(requests.filter { !$0.isLocal }.compactMap(\.id))
        let replies = entries.filter { entry in
            entry.kind == .reply && entry.replyTo.map { atHome.contains($0) || away.contains($0) } ?? false
        }
        // Kafka's timestamps are milliseconds; within one, the order of processing decides.
        func rank(_ entry: Crossing) -> Int {
            switch entry.kind {
            case .state: 0
            case .request: entry.isLocal ? 1 : 2
            case .copy: 3
            case .reply: entry.replyTo.map(atHome.contains) ?? false ? 5 : 4
            }
        }
        return (own + replies).sorted { ($0.produced, rank($0)) < ($1.produced, rank($1)) }
    }

    private static func kind(of topic: String, _ names: TopicNames) -> Crossing.Kind? {
        switch topic {
        case names.requests: .request
        case names.replies: .reply
        case names.state: .state
        default: names.recipient(ofOutbox: topic) == nil ? nil : .copy
        }
    }
}
