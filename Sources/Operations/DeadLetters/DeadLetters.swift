package import Encoding
package import Kafka
package import Logging
import NIOCore
package import OCPI
package import Topics

/// The dead letters of a node in `ocn.dead`, with the operators' actions replay and discard.
package struct DeadLetters: Sendable {
    private let kafka: KafkaSettings
    private let topics: TopicNames
    private let admin: KafkaAdmin
    private let producer: Producer
    private let logger: Logger

    /// Maximum bytes and number of copies that are read before they are written.
    private static let portion = (bytes: 8 * 1024 * 1024, copies: 1000)

    /// - Parameters:
    ///   - kafka: connection to the cluster.
    ///   - topics: the node's topics.
    ///   - admin: reads the ends of topics. The caller closes it, like the producer.
    ///   - producer: writes copies and resolutions.
    ///   - logger: for the log lines of the Kafka client.
    package init(kafka: KafkaSettings, topics: TopicNames, admin: KafkaAdmin, producer: Producer, logger: Logger) {
        self.kafka = kafka
        self.topics = topics
        self.admin = admin
        self.producer = producer
        self.logger = logger
    }

    /// Reports progress to a waiting operator.
    package typealias Progress = @Sendable (_ done: Int64, _ total: Int64) -> Void

    // MARK: Reading

    /// Reads `ocn.dead` up to its current end.
    package func index(progress: @escaping Progress = { _, _ in }) async throws -> DeadLetterIndex {
        let count = try await admin.listTopics(with: [topics.dead])[topics.dead] ?? 0
        guard count > 0 else { throw OutboxError("\(topics.dead) does not exist: check kafka.prefix, or start the node once") }
        let partitions = (0..<Int32(clamping: count)).map { TopicPartition(topic: topics.dead, partition: $0) }
        let spans = try await admin.watermarks(of: partitions).reduce(into: [:]) { $0[$1.key.partition] = $1.value }
        let index = Shared(DeadLetterIndex())
        try await reading.read(spans, progress: progress) { record in
            index.change { $0.add(record) }
            return .goOn
        }
        return index.value
    }

    /// The record of a dead letter, with its body; nil if it has expired meanwhile.
    package func record(of letter: DeadLetter) async throws -> IncomingRecord? {
        try await records(at: [letter.place.offset], partition: letter.place.partition).first
    }

    /// The records at these offsets that still exist, in order. Fewer are returned if they exceed the size limit.
    private func records(at offsets: [Int64], partition: Int32) async throws -> [IncomingRecord] {
        guard let first = offsets.first, let last = offsets.last else { return [] }
        let wanted = Set(offsets)
        let found = Shared((records: [IncomingRecord](), bytes: 0))
        try await reading.read([partition: first..<last + 1]) { record in
            guard wanted.contains(record.offset) else { return .goOn }
            return found.change { found in
                found.records.append(record)
                found.bytes += record.value?.readableBytes ?? 0
                return found.bytes >= Self.portion.bytes || found.records.count >= Self.portion.copies ? .stop : .goOn
            }
        }
        return found.value.records
    }

    private var reading: TopicReading { TopicReading(kafka: kafka, topic: topics.dead, logger: logger) }

    // MARK: Resolving

    /// The result of a replay or discard.
    package struct Outcome: Sendable, Equatable {
        /// Number of copies that were replayed or discarded.
        package var copies = 0
        /// Number of dead letters that were resolved.
        package var letters = 0
        /// Number of copies whose dead letter expired before it was read.
        package var expired = 0
        /// Number of copies that were written to their outbox but whose dead letters could not be resolved. The next replay sends them
        /// again.
        package var unresolved = 0
        /// Records that Kafka did not accept, as text, at most ten. Their copies remain dead letters.
        package var failures: [String] = []
        /// Copies that can never be replayed, as text, at most ten. They remain dead letters.
        package var refusals: [String] = []

        /// An empty result.
        package init() {}
    }

    /// The services of these copies that have no outbox, so that their copies cannot be replayed.
    package func missingOutboxes(of copies: [DeadCopy]) async throws -> [PartyID] {
        let existing = try await admin.listTopics(with: copies.map { topics.outbox($0.letter.recipient) })
        return Set(copies.map(\.letter.recipient)).filter { existing[topics.outbox($0)] == nil }.sorted()
    }

    /// Writes copies back to their outboxes, with their old ids and keys, in the order of `ocn.dead`, then resolves their dead letters.
    ///
    /// The state version of a copy is replaced by the current one, because `ocn.state` may have been recreated since. A copy with an
    /// implausible time is refused, because PUSH would make it a dead letter again.
    ///
    /// If the process is interrupted between the two steps, the next replay sends those copies again, under the same ids. A replay ends
    /// when Kafka does not accept a record, so that later copies of the same object overtake it by at most one batch.
    /// - Parameters:
    ///   - copies: from ``DeadLetterIndex/copies(of:)``.
    ///   - by: the operator's name.
    package func replay(_ copies: [DeadCopy], by: String, progress: @escaping Progress = { _, _ in }) async throws -> Outcome {
        let missing = try await missingOutboxes(of: copies)
        guard missing.isEmpty else {
            let names = missing.map { topics.outbox($0) }.joined(separator: ", ")
            throw OutboxError(
                "there is no \(names): publish the service again (ocn registry add-service), or leave those dead letters out (--recipient)")
        }
        var outcome = Outcome()
        let state = TopicPartition(topic: topics.state, partition: 0)
        let stateEnd = try await admin.watermarks(of: [state])[state]?.upperBound ?? 0
        let total = Int64(copies.count)
        var done: Int64 = 0
        for (partition, copies) in Dictionary(grouping: copies, by: \.letter.place.partition).sorted(by: { $0.key < $1.key }) {
            var rest = copies.sorted { $0.letter.place < $1.letter.place }[...]
            while !rest.isEmpty {
                let records = try await records(at: rest.map(\.letter.place.offset), partition: partition)
                // Dead letters that were not found up to the last record, or all if there is no record, have expired.
                let behind = records.last.map { last in rest.prefix { $0.letter.place.offset <= last.offset } } ?? rest
                rest = rest[behind.endIndex...]
                await replay(behind, records, stateEnd: stateEnd, by, &outcome)
                done += Int64(behind.count)
                progress(done, total)
                guard outcome.failures.isEmpty else { return outcome }
            }
        }
        return outcome
    }

    private func replay(
        _ copies: ArraySlice<DeadCopy>, _ records: [IncomingRecord], stateEnd: Int64, _ by: String, _ outcome: inout Outcome
    ) async {
        let now = Timestamp.now
        let bounds = RecordBounds(now: now, stateEnd: stateEnd)
        let found = Dictionary(records.map { ($0.offset, $0) }) { first, _ in first }
        var due: [(copy: DeadCopy, record: OutgoingRecord)] = []
        for copy in copies {
            guard let record = found[copy.letter.place.offset], var again = (try? DeadRecord(record))?.copy else {
                outcome.expired += 1
                continue
            }
            again.replayedAt = now
            again.request.stateVersion = min(max(again.request.stateVersion, 0), stateEnd)
            if let fault = bounds.fault(of: again) {
                outcome.refuse("copy \(copy.letter.copyID) to \(copy.letter.recipient): \(fault)")
                continue
            }
            due.append((copy, again.outgoing(to: topics)))
        }
        var written: [DeadCopy] = []
        for (entry, result) in zip(due, await producer.sendAll(due.map(\.record))) {
            switch result {
            case .success: written.append(entry.copy)
            case .failure(let error): outcome.note("copy \(entry.copy.letter.copyID) to \(entry.copy.letter.recipient): \(error)")
            }
        }
        outcome.unresolved += await resolve(written[...], .replayed, by, now, &outcome)
    }

    /// Marks dead letters as discarded: their copies are never delivered. Ends when Kafka does not accept a record.
    package func discard(_ copies: [DeadCopy], by: String, progress: @escaping Progress = { _, _ in }) async -> Outcome {
        var outcome = Outcome()
        var rest = copies[...]
        while !rest.isEmpty, outcome.failures.isEmpty {
            let portion = rest.prefix(Self.portion.copies)
            rest = rest.dropFirst(portion.count)
            _ = await resolve(portion, .discarded, by, .now, &outcome)
            progress(Int64(copies.count - rest.count), Int64(copies.count))
        }
        return outcome
    }

    /// - Returns: the number of copies with a dead letter that could not be resolved.
    private func resolve(
        _ copies: ArraySlice<DeadCopy>, _ kind: DeadResolution.Kind, _ by: String, _ at: Timestamp, _ outcome: inout Outcome
    ) async -> Int {
        let letters = copies.flatMap(\.letters)
        let records = letters.map { letter in
            DeadResolution(
                partition: letter.place.partition, offset: letter.place.offset, copyID: letter.copyID, kind: kind, at: at, by: by
            ).outgoing(to: topics, key: letter.key)
        }
        var failed: Set<String> = []
        for (letter, result) in zip(letters, await producer.sendAll(records)) {
            switch result {
            case .success: outcome.letters += 1
            case .failure(let error):
                failed.insert(letter.copyID)
                outcome.note("resolution of \(letter.copyID): \(error)")
            }
        }
        outcome.copies += copies.count - failed.count
        return failed.count
    }
}

extension DeadLetters.Outcome {
    fileprivate mutating func note(_ failure: String) {
        if failures.count < 10 { failures.append(failure) }
    }

    fileprivate mutating func refuse(_ reason: String) {
        if refusals.count < 10 { refusals.append(reason) }
    }

    /// The JSON output.
    package var json: JSONValue {
        [
            "copies": .number(String(copies)), "dead_letters": .number(String(letters)), "expired": .number(String(expired)),
            "unresolved": .number(String(unresolved)), "failures": .array(failures.map(JSONValue.string)),
            "refusals": .array(refusals.map(JSONValue.string)),
        ]
    }
}
