import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

/// Records that no process of the node can have written: they end, with their reason, and hold nobody up.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ImpossibleRecordTests {
    private static let forever = Timestamp(milliseconds: 253_402_300_799_000)  // 9999-12-31T23:59:59Z

    private static let changes: [(id: String, reason: String, change: @Sendable (inout RequestRecord) -> Void)] = [
        ("version", "ce_stateversion: \(Int64.max) lies beyond the end of the state", { $0.stateVersion = .max }),
        ("time", "ce_time: 9999-12-31T23:59:59.000Z lies in the future", { $0.time = forever }),
    ]

    @Test func copiesThatCannotBeTrueAreDeadLettersWithTheirReason() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(push: try world.push()) {
            let copy = try request(.cdrs, .receiver, .post, body: "{}")
            for (id, _, change) in Self.changes {
                var poisoned = copy
                change(&poisoned)
                let version = max(poisoned.stateVersion, world.store.directory.version)
                try await world.copy(poisoned, id: id, key: "a", judgedAt: version)
            }
            try await world.copy(copy, id: "after", key: "a")
            try await eventually("what comes behind them is delivered") { !world.service.recorded.isEmpty }
            let dead = try await world.dead()
            #expect(dead.map(\.copy.id).sorted() == ["time", "version"])
            for (id, reason, _) in Self.changes {
                let letter = try #require(dead.first { $0.copy.id == id })
                #expect(letter.cause.hasPrefix("implausible: \(reason)") && letter.attempts == 0, "\(letter.cause)")
            }
            #expect(world.service.recorded.map { $0.headers.first(name: "OCN-Copy-ID") } == ["after"])
        }
    }

    /// One more than there is now may exist by the time it is read.
    @Test func aCopyThatWasJudgedByMoreThanIsReadHereWaitsForThat() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(push: try world.push()) {
            let user = try #require(PartyID("FR-MSP"))
            let agreement = Fact.agreement(Agreement(user: user, provider: try #require(PartyID("DE-BIL")), source: "file"))
            let known = world.store.directory.version
            // This process reads its state late: what another one writes meanwhile is not known here when the copy comes.
            for number in 0..<20 {
                var copy = try request(.cdrs, .receiver, .post, body: "{}")
                copy.from = user
                let position = try await world.producer.send(
                    OutgoingRecord(
                        topic: world.kafka.topics.state, partition: 0, key: agreement.key, value: agreement.json.encoded(),
                        headers: RecordHeaders()))
                try await world.copy(copy, id: "\(number)", key: "\(number)", judgedAt: position.offset + 1)
            }
            try await eventually("all are delivered") { world.service.recorded.count == 20 }
            #expect(world.store.directory.version >= known + 20)
            #expect(try await world.dead().isEmpty)
        }
    }

    @Test func announcementsThatCannotBeTrueAreDropped() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(push: try world.push()) {
            for (id, _, change) in Self.changes {
                var poisoned = try request(.tokens, .receiver, .put, path: "DE/MSP/\(id)", body: "{}")
                poisoned.stateVersion = world.store.directory.version
                change(&poisoned)
                _ = try await world.producer.send(AnnouncementRecord(request: poisoned).outgoing(to: world.kafka.topics))
            }
            try await world.announce(try request(.tokens, .receiver, .put, path: "DE/MSP/after", body: "{}"), to: "DE-CPO", key: "b")
            try await eventually("the one behind them arrives") { !world.cpo.recorded.isEmpty }
            #expect(world.cpo.recorded.map(\.target) == ["/receiver/tokens/DE/MSP/after"])
            #expect(try await world.dead().isEmpty, "nothing is kept of announcements")
        }
    }

    @Test func requestsThatCannotBeTrueAreRefusedWithTheirReason() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(exchange: try world.exchange()) {
            var changes = Self.changes
            changes.append(
                (
                    id: "deadline", reason: "ce_deadline: no caller waits until \(Int64.max)",
                    change: { $0.deadline = Timestamp(milliseconds: .max) }
                ))
            for (_, reason, change) in changes {
                var poisoned = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
                change(&poisoned)
                _ = try await world.producer.send(poisoned.outgoing(to: world.kafka.topics))
                try await eventually("it is answered: \(reason)") { world.reply(to: poisoned) != nil }
                let reply = try #require(world.reply(to: poisoned))
                #expect(reply.outcome == .refused && reply.status == .hubError)
                #expect(reply.message?.contains(reason) == true, "\(reply.message ?? "")")
            }
            #expect(world.cpo.recorded.isEmpty)
            let honest = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
            #expect(try await world.ask(honest).outcome == .answered)
        }
    }

    // MARK: Where the state ends

    @Test func onlyAnEndThatWasAskedForAfterwardsTellsAnything() {
        var end = StateEnd()
        let read = NIODeadline.uptimeNanoseconds(100)
        let late = read + StateEnd.grace
        #expect(end.limit(ofRecordRead: read) == nil && !end.isDoubted)
        end.doubt()
        #expect(end.isDoubted)
        end.found(7, asked: late - .nanoseconds(1))
        #expect(end.limit(ofRecordRead: read) == nil && !end.isDoubted, "more may come yet")
        end.found(8, asked: late)
        #expect(end.limit(ofRecordRead: read) == 8)
    }
}
