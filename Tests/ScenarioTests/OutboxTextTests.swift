import Encoding
import Kafka
import OCPI
import Testing

@testable import Directory
@testable import Operations
@testable import ocn

@Suite struct OutboxTextTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func eachOutboxIsALineAndWhatConcernsAllIsSaidOnce() throws {
        var billing = try status("DE-BIL", workers: .known(count: 0, unowned: [0, 1]))
        billing.partitions = [OutboxPartition(partition: 0, log: 0..<7, committed: nil)]
        billing.oldest = now.adding(milliseconds: -300_000)
        var paused = try status("FR-PAU", workers: .known(count: 0, unowned: [0, 1]))
        paused.order = OutboxOrder(recipient: paused.recipient, isPaused: true)
        paused.rate = 0
        var half = try status("FR-HLF", workers: .known(count: 1, unowned: [1]))
        half.rate = 12.34
        #expect(
            OutboxText.list([billing, paused, half], now: now) == [
                "RECIPIENT  DELIVERY  STATE      BACKLOG  OLDEST  RATE/S  NOTES",
                "DE-BIL     push      no worker  7        5 min   -       ",
                "FR-PAU     push      paused     0        -       0.0     no worker",
                "FR-HLF     push      sending    0        -       12.3    nobody owns partition 1",
            ])
        let unknown = [try status("DE-BIL", workers: .unknown("why")), try status("FR-PAU", workers: .unknown("why"))]
        let lines = OutboxText.list(unknown, now: now)
        #expect(lines.count == 4 && lines.last == "note: whether anybody sends is unknown: why")
        #expect(lines[1].contains("unknown"))
        #expect(OutboxText.list([], now: now).first?.hasPrefix("There is no outbox.") == true)
    }

    @Test func anOutboxWithoutAServiceIsNotCalledWithdrawn() throws {
        var unpublished = try status("DE-BIL", workers: .known(count: 1, unowned: []))
        unpublished.delivery = nil
        #expect(OutboxText.list([unpublished], now: now).last?.hasPrefix("DE-BIL     not published  sending") == true)
        #expect(unpublished.json(now: now)["delivery"]?.string == "not published")
    }

    @Test func aTopicShowsWhoReadsItAndHowFarBehind() throws {
        func line(_ readers: TopicReaders) throws -> [String] {
            var tax = try status("NL-TAX", workers: .unknown("why"))
            tax.delivery = .topic
            tax.readers = readers
            return Array(OutboxText.list([tax], now: now).dropFirst())
        }
        let logs = [TopicPartition(topic: "t", partition: 0): Int64(10)..<30, TopicPartition(topic: "t", partition: 1): 0..<3]
        func reader(_ group: String, _ offset: Int64, members: Int?) throws -> TopicReader {
            var reader = try #require(
                TopicReader(group: group, logs: logs, committed: [CommitOffset(topic: "t", partition: 0, offset: offset)]))
            reader.members = members
            return reader
        }
        let (slow, quick) = (try reader("slow", 5, members: 0), try reader("quick", 30, members: 2))
        #expect(
            try line(.known([slow, quick], unanswered: 1)) == [
                "NL-TAX     topic     -      23       -       -       group slow is 23 behind, without a consumer now, "
                    + "has committed nothing on partition 1, 5 records expired before it read them; "
                    + "group quick is 3 behind, 2 in it, has committed nothing on partition 1",
                "note: 1 consumer groups did not tell what they have read. --reader-group names a group to ask about.",
            ])
        #expect(try line(.known([], unanswered: 0)).first?.hasSuffix("no consumer group has read it") == true)
        #expect(try line(.unknown("why")).last == "note: who reads topics is unknown: why. --reader-group names a group to ask about.")
    }

    @Test func anOrderThatChangesNothingSaysSo() throws {
        let billing = try #require(PartyID("DE-BIL"))
        #expect(OutboxText.order(billing, isPaused: true, hasChanged: true) == "the outbox of DE-BIL is paused")
        #expect(OutboxText.order(billing, isPaused: false, hasChanged: true) == "the outbox of DE-BIL is no longer paused")
        #expect(
            OutboxText.order(billing, isPaused: false, hasChanged: false)
                == "the outbox of DE-BIL is not paused already: nothing was changed")
    }

    private func status(_ recipient: String, workers: OutboxWorkers) throws -> OutboxStatus {
        OutboxStatus(
            recipient: try #require(PartyID(recipient)), delivery: .push, partitions: [], pendingRewind: [], breakers: [], workers: workers)
    }
}
