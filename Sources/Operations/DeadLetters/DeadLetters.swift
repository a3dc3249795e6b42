package import Encoding
package import Kafka
package import Logging
import NIOCore
package import OCPI
package import Topics

/// The dead letters of a node, as they stand in `ocn.dead`, and what operators do about them.
package struct DeadLetters: Sendable {
    private let kafka: KafkaSettings
    private let topics: TopicNames
    private let admin: KafkaAdmin
    private let producer: Producer
    private let logger: Logger

    /// Bytes and copies that are read before they are written.
    private static let portion = (bytes: 8 * 1024 * 1024, copies: 1000)

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - admin: tells how far the topics reach; closed by the caller, as is the producer.
    ///   - producer: writes copies and resolutions.
    ///   - logger: for the Kafka client's lines.
    package init(kafka: KafkaSettings, topics: TopicNames, admin: KafkaAdmin, producer: Producer, logger: Logger) {
        self.kafka = kafka
        self.topics = topics
        self.admin = admin
        self.producer = producer
        self.logger = logger
    }

    /// What to tell an operator who waits: how many of how many.
    package typealias Progress = @Sendable (_ done: Int64, _ total: Int64) -> Void

    // MARK: Reading

    /// Reads `ocn.dead` up to its present end.
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

    /// A dead letter with its body, as it stands in `ocn.dead`; nil if it has expired meanwhile.
    package func record(of letter: DeadLetter) async throws -> IncomingRecord? {
        try await records(at: [letter.place.offset], partition: letter.place.partition).first
    }

    /// The records at these offsets that still exist, in order; fewer if they would be too much at once.
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

    /// What became of an order to replay or discard.
    package struct Outcome: Sendable, Equatable {
        /// Copies that were replayed or discarded.
        package var copies = 0
        /// Dead letters that were resolved by it.
        package var letters = 0
        /// Copies whose dead letter expired before its turn.
        package var expired = 0
        /// Copies that stand in their outbox again though their dead letters could not be resolved: the next replay sends them again.
        package var unresolved = 0
        /// What Kafka did not take, in words, at most ten; those copies stay dead letters.
        package var failures: [String] = []
        /// What cannot be put back whatever one does, in words, at most ten; those copies stay dead letters.
        package var refusals: [String] = []

        /// Nothing was done.
        package init() {}
    }

    /// Services of these copies whose outbox does not exist: nothing can be put back there.
    package func missingOutboxes(of copies: [DeadCopy]) async throws -> [PartyID] {
        let existing = try await admin.listTopics(with: copies.map { topics.outbox($0.letter.recipient) })
        return Set(copies.map(\.letter.recipient)).filter { existing[topics.outbox($0)] == nil }.sorted()
    }

    /// Writes copies back to their outboxes, with their old ids and keys, in the order of `ocn.dead`, then marks their dead letters.
    ///
    /// A copy is judged by what holds now: it may have been made in an earlier life of `ocn.state`. One with a time that cannot be true is refused:
    /// PUSH would bury it again.
    ///
    /// If it is interrupted between the two, the next replay sends those copies again, under the same ids. Ends early when Kafka does not
    /// take a record, so that what comes later in the same object's line does not run ahead by more than one portion.
    /// - Parameters:
    ///   - copies: from ``DeadLetterIndex/copies(of:)``.
    ///   - by: who wants it.
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
                // What is passed over, before the last one found or without any, is no longer there.
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

    /// Marks dead letters as discarded: their copies are never delivered. Ends early when Kafka does not take a record.
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

    /// - Returns: how many copies have a dead letter that could not be resolved.
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

    /// For programs.
    package var json: JSONValue {
        [
            "copies": .number(String(copies)), "dead_letters": .number(String(letters)), "expired": .number(String(expired)),
            "unresolved": .number(String(unresolved)), "failures": .array(failures.map(JSONValue.string)),
            "refusals": .array(refusals.map(JSONValue.string)),
        ]
    }
}
