import Encoding
import Kafka
import NIOCore
import OCPI
import Operations
import Support
import Testing
import Topics

@Suite struct DeadLettersTests {
    let topics = TopicNames()

    // MARK: The index

    @Test func filtersNarrowDownAndTheLongestDeadComeFirst() throws {
        var index = DeadLetterIndex()
        index.add(record(dead("a", to: "DE-BIL", cause: "expired", at: 30), 0, 1))
        index.add(record(dead("b", to: "DE-BIL", cause: "rejected: HTTP 400", at: 10), 0, 2))
        index.add(record(dead("c", to: "NL-TAX", cause: "rejected: status 2001", at: 20), 1, 0))
        #expect(ids(index, DeadLetterFilter()) == ["b", "c", "a"])
        #expect(ids(index, DeadLetterFilter(recipient: party("de-bil"))) == ["b", "a"])
        #expect(ids(index, DeadLetterFilter(cause: "Rejected")) == ["b", "c"])
        #expect(ids(index, DeadLetterFilter(cause: "rejected: status")) == ["c"])
        #expect(ids(index, DeadLetterFilter(cause: "status")).isEmpty, "a cause is matched from its beginning")
        #expect(ids(index, DeadLetterFilter(since: time(20))) == ["c", "a"])
        #expect(ids(index, DeadLetterFilter(until: time(20))) == ["b"])
        #expect(ids(index, DeadLetterFilter(copyID: "c")) == ["c"])
        #expect(ids(index, DeadLetterFilter(recipient: party("NL-TAX"), cause: "expired")).isEmpty)
        #expect(DeadLetterFilter().isEmpty && DeadLetterFilter(includesResolved: true).isEmpty && !DeadLetterFilter(cause: "x").isEmpty)
    }

    @Test func aResolvedDeadLetterIsNotListedAnyMoreWhateverWasReadFirst() throws {
        let letter = record(dead("a", to: "DE-BIL", cause: "expired", at: 1), 2, 7)
        let resolution = record(resolution("a", 2, 7, .replayed), 2, 8)
        for records in [[letter, resolution], [resolution, letter], [letter, resolution, letter, resolution]] {
            var index = DeadLetterIndex()
            for record in records { index.add(record) }
            #expect(ids(index, DeadLetterFilter()).isEmpty)
            let all = index.letters(DeadLetterFilter(includesResolved: true))
            #expect(all.map(\.copyID) == ["a"] && all.first?.resolution?.kind == .replayed && all.first?.resolution?.by == "anna")
            #expect(index.copies(of: all).isEmpty, "nothing is left to be done")
        }
    }

    @Test func aResolutionCountsForItsOwnDeadLetterOnly() {
        var index = DeadLetterIndex()
        index.add(record(dead("a", to: "DE-BIL", cause: "expired", at: 1), 0, 7))
        index.add(record(dead("a", to: "DE-BIL", cause: "expired", at: 9), 0, 20))
        index.add(record(resolution("a", 0, 7, .replayed), 0, 8))
        #expect(index.letters(DeadLetterFilter()).map(\.place.offset) == [20], "it was replayed and died again")
        index.add(record(dead("b", to: "DE-BIL", cause: "expired", at: 2), 1, 7))
        index.add(record(resolution("a", 1, 7, .discarded), 1, 8))
        #expect(ids(index, DeadLetterFilter()) == ["b", "a"], "another copy stood there before the topic was made anew")
    }

    @Test func aCopyThatDiedTwiceIsPutBackOnceAndBothDeadLettersAreResolved() throws {
        var index = DeadLetterIndex()
        index.add(record(dead("a", to: "DE-BIL", cause: "expired", at: 1), 0, 3))
        index.add(record(dead("b", to: "DE-BIL", cause: "expired", at: 2), 0, 4))
        index.add(record(dead("a", to: "DE-BIL", cause: "rejected", at: 3), 0, 5))
        let copies = index.copies(of: index.letters(DeadLetterFilter(cause: "rejected")))
        #expect(copies.map(\.letter.copyID) == ["a"] && copies.map { $0.letters.map(\.place.offset) } == [[3, 5]])
        let all = index.copies(of: index.letters(DeadLetterFilter()))
        #expect(all.map(\.letter.copyID) == ["a", "b"], "in the order of the log")
    }

    @Test func whatNobodyUnderstandsIsCountedAndHoldsNobodyUp() {
        var index = DeadLetterIndex()
        index.add(IncomingRecord(topic: "ocn.dead", partition: 0, offset: 0, value: nil))
        var half = resolution("a", 0, 7, .replayed)
        half.headers.fields.removeAll { $0.name == "ce_deadoffset" }
        index.add(record(half, 0, 1))
        index.add(record(dead("a", to: "DE-BIL", cause: "expired", at: 1), 0, 7))
        #expect(index.unreadable == 2 && ids(index, DeadLetterFilter()) == ["a"])
    }

    @Test func aDeadLetterTellsProgramsEverythingButTheBody() throws {
        var index = DeadLetterIndex()
        index.add(record(dead("a", to: "de-BIL", cause: "rejected: HTTP 400", at: 1), 3, 7))
        let json = try #require(index.letters(DeadLetterFilter()).first).json
        #expect(json["id"] == "a" && json["recipient"] == "DE-BIL" && json["sender"] == "DE-CPO" && json["request"] == "POST cdrs")
        #expect(json["attempts"]?.int == 3 && json["http_status"]?.int == 400 && json["status_code"]?.int == 2001)
        #expect(json["partition"]?.int == 3 && json["offset"]?.int == 7 && json["bytes"]?.int == 10 && json["resolution"] == nil)
    }

    // MARK: With Kafka

    @Test func replayPutsCopiesBackInOrderUnderTheirIdsAndTheyAreListedNoMore() async throws {
        try await withDeadLetters { kafka, letters, producer in
            var index = try await letters.index()
            #expect(index.letters(DeadLetterFilter()).isEmpty)
            // Four objects of one service, one of another, and one copy that a crashed worker wrote to `ocn.dead` twice.
            var sent: [DeadRecord] = []
            for number in 0..<40 {
                sent.append(dead("copy-\(number)", to: "DE-BIL", cause: "expired", at: Int64(number), key: "DE-CPO|cdrs|\(number % 4)"))
            }
            for record in sent + [sent[5]] { _ = try await producer.send(record.outgoing(to: kafka.topics)) }
            let tax = dead("other", to: "NL-TAX", cause: "rejected", at: 50, key: "DE-CPO|cdrs|0")
            _ = try await producer.send(tax.outgoing(to: kafka.topics))

            index = try await letters.index()
            #expect(index.letters(DeadLetterFilter()).count == 42)
            let chosen = index.copies(of: index.letters(DeadLetterFilter(recipient: party("DE-BIL"))))
            #expect(chosen.count == 40)
            let before = Timestamp.now
            let outcome = try await letters.replay(chosen, by: "anna")
            #expect(outcome.copies == 40 && outcome.letters == 41 && outcome.failures.isEmpty)
            #expect(outcome.expired == 0 && outcome.unresolved == 0)

            let outbox = try await kafka.records(
                in: kafka.topics.outbox(party("DE-BIL")), partitions: TopicSettings().outboxPartitions)
            let copies = try outbox.map { try CopyRecord($0) }
            #expect(Set(copies.map(\.id)) == Set(sent.map(\.copy.id)) && copies.count == 40)
            #expect(copies.allSatisfy { ($0.replayedAt ?? time(0)) >= before && $0.request.time == time(0) })
            for object in 0..<4 {
                let ids = copies.filter { $0.request.key == "DE-CPO|cdrs|\(object)" }.map(\.id)
                #expect(ids == stride(from: object, to: 40, by: 4).map { "copy-\($0)" })
            }
            index = try await letters.index()
            #expect(ids(index, DeadLetterFilter()) == ["other"])
            #expect(index.letters(DeadLetterFilter(includesResolved: true)).count == 42)
            let nothing = try await letters.replay(index.copies(of: chosen.map(\.letter)), by: "anna")
            #expect(nothing == DeadLetters.Outcome(), "what was replayed is not replayed again")
        }
    }

    /// Copies from before `ocn.state` was recreated, or forged ones: a state version is replaced by the current one, an implausible time is
    /// refused.
    @Test func whatIsPutBackIsJudgedByWhatHoldsNow() async throws {
        try await withDeadLetters { kafka, letters, producer in
            var ahead = dead("ahead", to: "DE-BIL", cause: "implausible", at: 1)
            ahead.copy.request.stateVersion = .max
            var late = dead("late", to: "DE-BIL", cause: "implausible", at: 2)
            late.copy.request.time = try #require(Timestamp(rfc3339: "9999-12-31T23:59:59Z"))
            let good = dead("good", to: "DE-BIL", cause: "expired", at: 3)
            for record in [ahead, late, good] { _ = try await producer.send(record.outgoing(to: kafka.topics)) }
            let index = try await letters.index()
            let outcome = try await letters.replay(index.copies(of: index.letters(DeadLetterFilter())), by: "anna")
            #expect(outcome.copies == 2 && outcome.failures.isEmpty)
            #expect(outcome.refusals == ["copy late to DE-BIL: ce_time: 9999-12-31T23:59:59.000Z lies in the future"])
            let outbox = try await kafka.records(in: kafka.topics.outbox(party("DE-BIL")), partitions: TopicSettings().outboxPartitions)
            let copies = try outbox.map { try CopyRecord($0) }
            #expect(copies.map(\.id) == ["ahead", "good"] && copies.allSatisfy { $0.request.stateVersion == 0 }, "there is no state here")
            #expect(try await ids(letters.index(), DeadLetterFilter()) == ["late"])
        }
    }

    @Test func discardedCopiesAreNotPutBackAndListedNoMore() async throws {
        try await withDeadLetters { kafka, letters, producer in
            for id in ["a", "b"] {
                _ = try await producer.send(dead(id, to: "DE-BIL", cause: "rejected", at: 1).outgoing(to: kafka.topics))
            }
            var index = try await letters.index()
            let outcome = await letters.discard(index.copies(of: index.letters(DeadLetterFilter(copyID: "a"))), by: "anna")
            #expect(outcome.copies == 1 && outcome.letters == 1)
            index = try await letters.index()
            #expect(ids(index, DeadLetterFilter()) == ["b"])
            let resolved = try #require(index.letters(DeadLetterFilter(copyID: "a", includesResolved: true)).first)
            #expect(resolved.resolution?.kind == .discarded && resolved.resolution?.by == "anna")
            let outbox = try await kafka.records(in: kafka.topics.outbox(party("DE-BIL")), partitions: TopicSettings().outboxPartitions)
            #expect(outbox.isEmpty)
        }
    }

    @Test func aDeadLetterIsShownWithItsBodyAndAnOutboxThatIsNotThereIsNotMade() async throws {
        try await withDeadLetters { kafka, letters, producer in
            _ = try await producer.send(dead("a", to: "FR-OLD", cause: "rejected", at: 1).outgoing(to: kafka.topics))
            let index = try await letters.index()
            let letter = try #require(index.letters(DeadLetterFilter()).first)
            let record = try #require(try await letters.record(of: letter))
            #expect(record.value == ByteBuffer(string: #"{"id":"1"}"#) && record.headers["ce_deadcause"] == "rejected")
            let copies = index.copies(of: [letter])
            #expect(try await letters.missingOutboxes(of: copies) == [party("FR-OLD")])
            await #expect {
                try await letters.replay(copies, by: "anna")
            } throws: { "\($0)".contains(kafka.topics.outbox(party("FR-OLD"))) }
            #expect(try await letters.index().letters(DeadLetterFilter()).count == 1)
        }
    }

    // MARK: Samples

    private func withDeadLetters(_ body: (TestKafka, DeadLetters, Producer) async throws -> Void) async throws {
        let kafka = try await TestKafka(services: [party("DE-BIL"), party("NL-TAX")])
        defer { kafka.close() }
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let letters = DeadLetters(kafka: kafka.settings, topics: kafka.topics, admin: admin, producer: producer, logger: kafka.logger)
        try await body(kafka, letters, producer)
        await producer.close(flush: .seconds(1))
        await admin.close()
    }

    private func ids(_ index: DeadLetterIndex, _ filter: DeadLetterFilter) -> [String] { index.letters(filter).map(\.copyID) }

    private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    private func dead(_ id: String, to service: String, cause: String, at: Int64, key: String? = "DE-CPO|cdrs|1") -> DeadRecord {
        let request = RequestRecord(
            id: "request", time: time(0), module: .cdrs, interface: .receiver, method: .post, version: .v2_2_1, from: party("DE-CPO"),
            to: party("NL-MSP"), path: "", requestID: "req", correlationID: "corr", stateVersion: 1, contentType: "application/json",
            body: ByteBuffer(string: #"{"id":"1"}"#), key: key)
        guard let everything = Permission(rawValue: 0) else { preconditionFailure("no permission 0") }
        let copy = CopyRecord(of: request, id: id, for: party(service), permission: everything)
        return DeadRecord(copy: copy, cause: cause, attempts: 3, lastHTTPStatus: 400, lastStatus: 2001, diedAt: time(at))
    }

    private func resolution(_ id: String, _ partition: Int32, _ offset: Int64, _ kind: DeadResolution.Kind) -> OutgoingRecord {
        DeadResolution(partition: partition, offset: offset, copyID: id, kind: kind, at: time(100), by: "anna")
            .outgoing(to: topics, key: nil)
    }

    private func record(_ dead: DeadRecord, _ partition: Int32, _ offset: Int64) -> IncomingRecord {
        record(dead.outgoing(to: topics), partition, offset)
    }

    private func record(_ record: OutgoingRecord, _ partition: Int32, _ offset: Int64) -> IncomingRecord {
        IncomingRecord(
            topic: record.topic, partition: partition, offset: offset, key: record.key, value: record.value, headers: record.headers)
    }
}
