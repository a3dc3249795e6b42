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

/// Records that no process of the node can have written: they end with a reason and delay no other record.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ImpossibleRecordTests {
    private static let forever = Timestamp(milliseconds: 253_402_300_799_000)  // 9999-12-31T23:59:59Z

    private static let changes: [(id: String, reason: String, change: @Sendable (inout RequestRecord) -> Void)] = [
        ("version", "ce_stateversion: \(Int64.max) lies beyond the end of the state", { $0.stateVersion = .max }),
        ("time", "ce_time: 9999-12-31T23:59:59.000Z lies in the future", { $0.time = forever }),
    ]

    @Test func copiesThatCannotBeTrueAreDeadLettersWithTheirReason() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            let copy = try request(.cdrs, .receiver, .post, body: "{}")
            for (id, _, change) in Self.changes {
                var poisoned = copy
                change(&poisoned)
                let version = max(poisoned.stateVersion, environment.store.directory.version)
                try await environment.copy(poisoned, id: id, key: "a", judgedAt: version)
            }
            try await environment.copy(copy, id: "after", key: "a")
            try await eventually("what comes behind them is delivered") { !environment.service.recorded.isEmpty }
            let dead = try await environment.dead()
            #expect(dead.map(\.copy.id).sorted() == ["time", "version"])
            for (id, reason, _) in Self.changes {
                let letter = try #require(dead.first { $0.copy.id == id })
                #expect(letter.cause.hasPrefix("implausible: \(reason)") && letter.attempts == 0, "\(letter.cause)")
            }
            #expect(environment.service.recorded.map { $0.headers.first(name: "OCN-Copy-ID") } == ["after"])
        }
    }

    /// A record with a slightly higher state version may be valid by the time it is read.
    @Test func aCopyThatWasJudgedByMoreThanIsReadHereWaitsForThat() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            let user = try #require(PartyID("FR-MSP"))
            let agreement = Fact.agreement(Agreement(user: user, provider: try #require(PartyID("DE-BIL")), source: "file"))
            let known = environment.store.directory.version
            // This process reads its state late: it does not know other processes' writes when the copy arrives.
            for number in 0..<20 {
                var copy = try request(.cdrs, .receiver, .post, body: "{}")
                copy.from = user
                let position = try await environment.producer.send(
                    OutgoingRecord(
                        topic: environment.kafka.topics.state, partition: 0, key: agreement.key, value: agreement.json.encoded(),
                        headers: RecordHeaders()))
                try await environment.copy(copy, id: "\(number)", key: "\(number)", judgedAt: position.offset + 1)
            }
            try await eventually("all are delivered") { environment.service.recorded.count == 20 }
            #expect(environment.store.directory.version >= known + 20)
            #expect(try await environment.dead().isEmpty)
        }
    }

    @Test func announcementsThatCannotBeTrueAreDropped() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            for (id, _, change) in Self.changes {
                var poisoned = try request(.tokens, .receiver, .put, path: "DE/MSP/\(id)", body: "{}")
                poisoned.stateVersion = environment.store.directory.version
                change(&poisoned)
                _ = try await environment.producer.send(AnnouncementRecord(request: poisoned).outgoing(to: environment.kafka.topics))
            }
            try await environment.announce(try request(.tokens, .receiver, .put, path: "DE/MSP/after", body: "{}"), to: "DE-CPO", key: "b")
            try await eventually("the one behind them arrives") { !environment.cpo.recorded.isEmpty }
            #expect(environment.cpo.recorded.map(\.target) == ["/receiver/tokens/DE/MSP/after"])
            #expect(try await environment.dead().isEmpty, "nothing is kept of announcements")
        }
    }

    @Test func requestsThatCannotBeTrueAreRefusedWithTheirReason() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(exchange: try environment.exchange()) {
            var changes = Self.changes
            changes.append(
                (
                    id: "deadline", reason: "ce_deadline: no caller waits until \(Int64.max)",
                    change: { $0.deadline = Timestamp(milliseconds: .max) }
                ))
            for (_, reason, change) in changes {
                var poisoned = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
                change(&poisoned)
                _ = try await environment.producer.send(poisoned.outgoing(to: environment.kafka.topics))
                try await eventually("it is answered: \(reason)") { environment.reply(to: poisoned) != nil }
                let reply = try #require(environment.reply(to: poisoned))
                #expect(reply.outcome == .refused && reply.status == .hubError)
                #expect(reply.message?.contains(reason) == true, "\(reply.message ?? "")")
            }
            #expect(environment.cpo.recorded.isEmpty)
            let honest = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
            #expect(try await environment.ask(honest).outcome == .answered)
        }
    }

    // MARK: Where the state ends

    @Test func onlyAnEndThatWasAskedForAfterwardsTellsAnything() {
        var end = StateEnd()
        let read = NIODeadline.uptimeNanoseconds(100)
        let late = read + StateEnd.grace
        #expect(end.limit(ofRecordRead: read) == nil && !end.isRequested)
        end.request()
        #expect(end.isRequested)
        end.found(7, asked: late - .nanoseconds(1))
        #expect(end.limit(ofRecordRead: read) == nil && !end.isRequested, "more may come yet")
        end.found(8, asked: late)
        #expect(end.limit(ofRecordRead: read) == 8)
    }
}
