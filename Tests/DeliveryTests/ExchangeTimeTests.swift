import Directory
import Encoding
import Kafka
import Logging
import NIOCore
import OCPI
import Support
import TestParties
import Testing
import Topics

@testable import Delivery

/// Whose clock counts, and whose fault it is when the time is over.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ExchangeTimeTests {
    /// What this process's clock is ahead of Kafka's.
    private static let ahead: Int64 = 3_600_000

    /// As an ingress stamps it, whose clock is right.
    private func stamped(_ record: RequestRecord) -> RequestRecord {
        var record = record
        record.time = record.time.adding(milliseconds: -Self.ahead)
        record.deadline = record.deadline?.adding(milliseconds: -Self.ahead)
        return record
    }

    @Test func anExchangeWhoseClockIsAnHourAheadAnswersByKafkas() async throws {
        let environment = try await DeliveryEnvironment()
        environment.store.clock.learn(Self.ahead)
        try await environment.run(exchange: try environment.exchange()) {
            let record = stamped(try request(.locations, .sender, .get))
            let reply = try await environment.ask(record)
            #expect(reply.outcome == .answered && reply.httpStatus == 200)
            #expect(reply.body.map { String(buffer: $0) }?.contains("1000") == true)
            #expect(reply.time < (try #require(record.deadline)), "answers are stamped by the same clock")
        }
    }

    @Test func aPushWhoseClockIsAnHourAheadJudgesHorizonsByKafkas() async throws {
        let environment = try await DeliveryEnvironment()
        environment.store.clock.learn(Self.ahead)
        try await environment.run(
            push: try environment.push { settings in
                settings.horizon = .seconds(1800)
                settings.announcementHorizon = .seconds(1800)
            }
        ) {
            try await environment.copy(stamped(try request(.cdrs, .receiver, .post, body: "{}")), id: "copy", key: "a")
            try await environment.announce(
                stamped(try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")), to: "DE-CPO", key: "b")
            try await eventually("both arrive") { !environment.service.recorded.isEmpty && !environment.cpo.recorded.isEmpty }
            #expect(try await environment.dead().isEmpty)
        }
    }

    @Test func whatTheHubReadTooLateIsItsOwnFault() async throws {
        let environment = try await DeliveryEnvironment()
        let lines = LogLines()
        try await environment.run(exchange: try environment.exchange(logger: lines.logger)) {
            for _ in 0..<3 {
                var late = try request(.locations, .sender, .get)
                late.deadline = Timestamp.now.adding(milliseconds: -1)
                let reply = try await environment.ask(late)
                #expect(reply.outcome == .expired && reply.status == .hubError)
                #expect(reply.message == "The hub was too slow: nothing was sent to DE-CPO")
            }
            #expect(environment.cpo.recorded.isEmpty)
            let told = lines.notable.filter { $0.text.contains("came to it too late") }
            #expect(told.count == 1 && told.first?.level == .error, "once a minute")
        }
    }

    @Test func aTokenThatThisNodeCannotOpenIsItsOwnFault() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(exchange: try environment.exchange()) {
            let theirs = NodeSecrets(current: Array("the secret of other processes".utf8))
            var platform = try #require(environment.store.directory.platform(id: "cpo"))
            platform.outboundToken = theirs.seal(Token("b-cpo"))
            try await environment.writer.write([.put(.platform(platform))])
            let reply = try await environment.ask(try request(.locations, .sender, .get))
            #expect(reply.outcome == .refused && reply.status == .hubError)
            #expect(reply.message == "The node cannot decrypt its token for DE-CPO")
            #expect(environment.cpo.recorded.isEmpty)
        }
    }

    @Test func whatWaitedForItsRecipientIsTheRecipientsFault() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .hold })
        let lines = LogLines()
        try await environment.run(exchange: try environment.exchange(logger: lines.logger) { $0.callsPerRecipient = 1 }) {
            var holding = try request(.locations, .sender, .get)
            holding.deadline = Timestamp.now.adding(milliseconds: 240_000)
            _ = try await environment.producer.send(holding.outgoing(to: environment.kafka.topics))
            try await eventually("it is called") { environment.cpo.recorded.count == 1 }
            var waiting = try request(.locations, .sender, .get)
            waiting.deadline = Timestamp.now.adding(milliseconds: 2000)
            let reply = try await environment.ask(waiting)
            #expect(reply.outcome == .expired && reply.status == .timeout && reply.message == "No answer from DE-CPO in time")
            #expect(!lines.notable.contains { $0.text.contains("too late") })
            environment.cpo.release()
        }
    }
}
