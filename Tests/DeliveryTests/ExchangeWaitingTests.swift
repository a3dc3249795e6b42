import Directory
import Encoding
import Kafka
import Metrics
import NIOCore
import OCPI
import Support
import Telemetry
import TestParties
import Testing
import Topics

@testable import Delivery

/// Requests beyond their recipient's limit, on a Kafka.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ExchangeWaitingTests {
    /// Of one object, so that all are in one partition; unless a test says so its time is not over before its turn comes, on a busy machine either.
    private func put(_ number: Int, deadline milliseconds: Int64 = 240_000, key: String = "DE-CPO|tokens|1") throws -> RequestRecord {
        var record = try request(.tokens, .receiver, .put, path: "DE/MSP/\(number)", body: "{}")
        record.key = key
        record.deadline = Timestamp.now.adding(milliseconds: milliseconds)
        return record
    }

    private func send(_ environment: DeliveryEnvironment, _ records: [RequestRecord]) async throws {
        for record in records { _ = try await environment.producer.send(record.outgoing(to: environment.kafka.topics)) }
    }

    private func figure(_ series: String, _ metrics: PrometheusMetrics) -> Int? {
        String(buffer: metrics.render()).split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { Int($0.dropFirst(series.utf8.count + 1)) }
    }

    @Test("A burst after a stall waits for its recipient, in order, and is answered")
    func aBurstWaits() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .hold })
        let metrics = PrometheusMetrics(includesProcess: false)
        let exchange = try withMetricsFactory(metrics) { try environment.exchange { $0.callsPerRecipient = 1 } }
        try await environment.run(exchange: exchange) {
            let burst = try (0..<40).map { try put($0) }
            try await send(environment, burst)
            try await eventually("all but one wait") { figure(#"ocn_exchange_waiting{for="place"}"#, metrics) == 39 }
            try await eventually("one is called") { environment.cpo.recorded.count == 1 }
            var other = try request(.cdrs, .receiver, .post, body: "{}")
            other.to = try #require(PartyID("DE-BIL"))
            #expect(try await environment.ask(other).outcome == .answered, "others notice nothing")
            for number in 1...40 {
                try await eventually("the next one is called") { environment.cpo.recorded.count == number }
                environment.cpo.release()
            }
            try await eventually("all are answered") { burst.allSatisfy { environment.reply(to: $0)?.outcome == .answered } }
            #expect(environment.cpo.recorded.map(\.target) == (0..<40).map { "/receiver/tokens/DE/MSP/\($0)" })
            #expect(figure(#"ocn_exchange_waiting{for="place"}"#, metrics) == 0)
            #expect(figure(#"ocn_exchange_wait_seconds_count{for="place"}"#, metrics) == 39)
            #expect(figure(#"ocn_exchange_refusals_total{reason="busy"}"#, metrics) == 0)
        }
    }

    @Test func partiesOfOnePlatformTogetherLeaveAPlaceToOthers() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .hold })
        let metrics = PrometheusMetrics(includesProcess: false)
        let exchange = try withMetricsFactory(metrics) { try environment.exchange { $0.callsPerRecipient = 4 } }
        try await environment.run(exchange: exchange) {
            let names = ["FR-AAA", "FR-BBB"]
            try await environment.writer.write(Fixture.platform("many", names, url: environment.msp.url, []).map(FactChange.put))
            func put(_ number: Int, from sender: String) throws -> RequestRecord {
                var record = try self.put(number, key: "\(sender)|tokens|1")
                record.from = try #require(PartyID(sender))
                record.stateVersion = environment.store.directory.version
                return record
            }
            let many = try (0..<4).map { try put($0, from: names[$0 % 2]) }
            try await send(environment, many)
            try await eventually("three quarters are called") { environment.cpo.recorded.count == 3 }
            try await eventually("the next one waits") { figure(#"ocn_exchange_waiting{for="place"}"#, metrics) == 1 }
            let other = try put(9, from: "DE-MSP")
            try await send(environment, [other])
            try await eventually("another platform's is called") { environment.cpo.recorded.last?.target == "/receiver/tokens/DE/MSP/9" }
            #expect(environment.cpo.recorded.count == 4)
            environment.cpo.release()
            try await eventually("the last one is called") { environment.cpo.recorded.count == 5 }
            environment.cpo.release()
            try await eventually("all are answered") { (many + [other]).allSatisfy { environment.reply(to: $0)?.outcome == .answered } }
        }
    }

    @Test func whoseTimeIsOverWhileItWaitsIsToldInTimeAndNotCalled() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .hold })
        try await environment.run(
            exchange: try environment.exchange { settings in
                settings.callsPerRecipient = 1
                settings.margin = .milliseconds(300)
            }
        ) {
            let (holding, short, long) = (try put(1), try put(2, deadline: 1500), try put(3))
            try await send(environment, [holding, short, long])
            try await eventually("it is told") { environment.reply(to: short) != nil }
            let told = try #require(environment.reply(to: short))
            #expect(told.outcome == .expired)
            #expect(told.time < (try #require(short.deadline)), "before its caller gives up")
            try await eventually("the first is called") { environment.cpo.recorded.count == 1 }
            environment.cpo.release()
            try await eventually("the other one is called") { environment.cpo.recorded.count == 2 }
            environment.cpo.release()
            try await eventually("it is answered") { environment.reply(to: long)?.outcome == .answered }
            #expect(environment.cpo.recorded.map(\.target) == ["/receiver/tokens/DE/MSP/1", "/receiver/tokens/DE/MSP/3"])
        }
    }

    @Test func whoWaitsIsAnsweredAtOnceWhenTheBreakerOpens() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .silence })
        try await environment.run(
            exchange: try environment.exchange { settings in
                settings.callsPerRecipient = 3
                settings.margin = .milliseconds(100)
                settings.breaker = BreakerSettings(minimumCalls: 3, probes: 1, pauseBase: .seconds(3600), pauseCap: .seconds(3600))
            }
        ) {
            let hanging = try (0..<3).map { try put($0, deadline: 10_000) }
            let waiting = try (3..<9).map { try put($0, deadline: 600_000) }
            try await send(environment, hanging + waiting)
            // The third that times out opens the breaker; those that took the places of the first two are called.
            func told() -> [ReplyRecord] { waiting.compactMap { environment.reply(to: $0) } }
            try await eventually("all that are not called are told", within: .seconds(40)) {
                told().count >= 4 && told().count + environment.cpo.recorded.count == hanging.count + waiting.count
            }
            #expect(Set(told().map(\.message)) == ["DE-CPO is not answering; calls are held back until it does"])
            #expect(told().allSatisfy { $0.status == .connectionProblem })
        }
    }

    @Test func moreThanMayWaitIsRefusedAtOnce() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .hold })
        try await environment.run(
            exchange: try environment.exchange { settings in
                settings.callsPerRecipient = 1
                settings.waitingPerRecipient = 2
            }
        ) {
            let records = try (0..<4).map { try put($0) }
            try await send(environment, records)
            try await eventually("one is refused") { environment.reply(to: records[3]) != nil }
            let refused = try #require(environment.reply(to: records[3]))
            #expect(refused.outcome == .refused && refused.status == .connectionProblem)
            #expect(refused.message == "DE-CPO is busy: too many requests wait for it")
            for number in 1...3 {
                try await eventually("it is called") { environment.cpo.recorded.count == number }
                environment.cpo.release()
            }
            try await eventually("the others are answered") {
                records.dropLast().allSatisfy { environment.reply(to: $0)?.outcome == .answered }
            }
        }
    }

    @Test func aRepeatOfWhatWaitsIsSentOnce() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .hold })
        try await environment.run(exchange: try environment.exchange { $0.callsPerRecipient = 1 }) {
            var cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#)
            cdr.key = "DE-CPO|tokens|1"
            cdr.deadline = Timestamp.now.adding(milliseconds: 240_000)
            let first = cdr
            cdr.id = UUIDText.v7()
            let again = cdr
            try await send(environment, [try put(1), first, again])
            for number in 1...2 {
                try await eventually("it is called") { environment.cpo.recorded.count == number }
                environment.cpo.release()
            }
            try await eventually("both are answered") { [first, again].allSatisfy { environment.reply(to: $0)?.outcome == .answered } }
            #expect(environment.cpo.recorded.count == 2)
        }
    }
}
