import Encoding
import Kafka
import Metrics
import NIOCore
import NIOHTTP1
import OCPI
import Support
import Synchronization
import Telemetry
import TestParties
import Testing
import Topics

@testable import Delivery

/// What EXCHANGE does when time runs out, workers die and recipients answer with rubbish.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ExchangeFailureTests {
    /// The in-memory cluster alone lets a partition be taken away.
    @Test(
        "Scenario 36: a request whose time is over is not sent, whether it came too late or its link took too long to be stored",
        .enabled(if: TestKafka.realCluster == nil))
    func expired() async throws {
        let environment = try await DeliveryEnvironment()
        let links = environment.kafka.topics.links
        try await environment.run(exchange: try environment.exchange { $0.margin = .milliseconds(100) }) {
            // Too long to be sealed.
            let result = environment.msp.url + "/result/" + String(repeating: "r", count: 255)
            var command = try request(.commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(result)"}"#)
            command.deadline = Timestamp.now.adding(milliseconds: -1)
            #expect(try await environment.ask(command).outcome == .expired)

            let cluster = try #require(environment.kafka.embedded)
            cluster.setLeader(links, 0, nil)
            command.id = UUIDText.v7()
            let end = Timestamp.now.adding(milliseconds: 1500)
            command.deadline = end
            let waiting = command
            async let answer = environment.ask(waiting)
            try await eventually("its time is over") { Timestamp.now > end }
            cluster.setLeader(links, 0, 1)
            let expired = try await answer
            #expect(expired.outcome == .expired && expired.status == .hubError, "not the recipient's fault")
            #expect(environment.cpo.recorded.isEmpty, "nobody was called")

            // Nothing was done, so the same command may be tried again; now its link is stored in time.
            command.id = UUIDText.v7()
            command.deadline = Timestamp.now.adding(milliseconds: 15_000)
            #expect(try await environment.ask(command).outcome == .answered)
            #expect(environment.cpo.recorded.count == 1)
        }
    }

    @Test("Scenario 11: what a worker had under way is not sent again by the next one if it must not happen twice")
    func takenOver() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .silence }, service: { _ in .silence })
        let first = try worker(environment)
        try await environment.run(exchange: first) {
            var start = try request(
                .commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(environment.msp.url)/sender/commands/1"}"#)
            var cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#)
            cdr.to = try #require(PartyID("DE-BIL"))
            var read = try request(.locations, .sender, .get)
            // Far away, so that the first worker says nothing before the test is over.
            let end = Timestamp.now.adding(milliseconds: 600_000)
            (start.deadline, cdr.deadline, read.deadline) = (end, end, end)
            var partitions: Set<TopicPartition> = []
            for record in [start, cdr, read] {
                let position = try await environment.producer.send(record.outgoing(to: environment.kafka.topics))
                partitions.insert(TopicPartition(topic: position.topic, partition: position.partition))
            }
            try await eventually("three calls are under way") {
                environment.cpo.recorded.count == 2 && environment.service.recorded.count == 1
            }

            try await eventually("Kafka knows that their partitions were worked on") { [partitions] in
                try await first.consumer.committed(partitions.sorted(), timeout: .seconds(5)).allSatisfy { $0.offset >= 0 }
            }
            // It goes without finishing or committing them, and leaves its calls open.
            await first.consumer.stop()
            let second = try worker(environment)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await second.run() }
                try await eventually("the callers are told that nobody knows") {
                    [start, cdr].allSatisfy { environment.reply(to: $0)?.status == .timeout }
                }
                try await eventually("what only reads is asked again") { environment.cpo.recorded.count { $0.method == .get } == 2 }
                tasks.cancelAll()
                try await tasks.waitForAll()
            }
            #expect(environment.cpo.recorded.count { $0.method == .post } == 1 && environment.service.recorded.count == 1)
        }
    }

    @Test func whatWaitsWhenAWorkerLeavesIsSentByTheNextOneAndNothingTwice() async throws {
        let isReleased = Atomic<Bool>(false)
        let environment = try await DeliveryEnvironment(cpo: { _ in isReleased.load(ordering: .relaxed) ? .success : .silence })
        // Whoever loses its session cannot say what it has not begun, and a busy machine takes its time.
        let metrics = PrometheusMetrics(includesProcess: false)
        let first = try withMetricsFactory(metrics) {
            try worker(environment, drain: .seconds(1), session: .seconds(20)) { $0.callsPerRecipient = 1 }
        }
        try await environment.run(exchange: first) {
            let end = Timestamp.now.adding(milliseconds: 600_000)
            let records = try (0..<30).map { number in
                var record = try request(.cdrs, .receiver, .post, body: #"{"id":"\#(number)"}"#)
                (record.deadline, record.requestID, record.key) = (end, "request-\(number)", "DE-MSP|cdrs|1")
                return record
            }
            var place = TopicPartition(topic: "", partition: 0)
            for record in records {
                let position = try await environment.producer.send(record.outgoing(to: environment.kafka.topics))
                place = TopicPartition(topic: position.topic, partition: position.partition)
            }
            try await eventually("one is called") { environment.cpo.recorded.count == 1 }
            // What it is just receiving when it leaves it cannot say anything about.
            try await eventually("the others wait") {
                String(buffer: metrics.render()).contains(#"ocn_exchange_waiting{for="place"} 29"# + "\n")
            }
            try await eventually("the worker has promised something about all of them") { [place] in
                let commits = try await first.consumer.committed([place], timeout: .seconds(5))
                return commits.contains { StartIntent(text: $0.metadata, committed: $0.offset).map { $0.limit > 30 } ?? false }
            }
            await first.consumer.stop()
            isReleased.store(true, ordering: .relaxed)
            let second = try worker(environment)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await second.run() }
                try await eventually("all are answered for") { records.allSatisfy { environment.reply(to: $0) != nil } }
                tasks.cancelAll()
                try await tasks.waitForAll()
            }
            #expect(environment.reply(to: records[0])?.status == .timeout, "nobody knows what became of the one that was under way")
            let left = records.dropFirst().filter { environment.reply(to: $0)?.outcome != .answered }
            #expect(left.isEmpty, "\(left.map { "\($0.requestID): \(environment.reply(to: $0)?.status?.rawValue ?? 0)" })")
            #expect(environment.cpo.recorded.count == 30 && Set(environment.cpo.recorded.map(\.text)).count == 30, "each came once")
        }
    }

    /// One that goes at once when it is stopped.
    private func worker(
        _ environment: DeliveryEnvironment, drain: Duration = .zero, session: Duration? = nil,
        _ change: (inout ExchangeSettings) -> Void = { _ in }
    ) throws -> ExchangeService {
        var kafka = environment.kafka.settings
        if let session { kafka.properties["session.timeout.ms"] = "\(session.components.seconds * 1000)" }
        var membership = ExchangeService.membership(of: environment.kafka.topics)
        membership.drain = drain
        var settings = ExchangeSettings(publicURL: DeliveryEnvironment.publicURL, nodeKey: try #require(Fixture.key))
        change(&settings)
        return ExchangeService(
            kafka: kafka, topics: environment.kafka.topics, membership: membership, settings: settings, store: environment.store,
            capabilities: environment.capabilities, producer: environment.producer, client: environment.client,
            logger: environment.kafka.logger)
    }

    @Test func whatAnotherNodeDidNotPassOnMayBeTriedAgain() async throws {
        let codes = Mutex([4003, 4001, 1000, 3000])
        let environment = try await DeliveryEnvironment(cpo: { _ in
            .answer(200, [], #"{"status_code":\#(codes.withLock { $0.isEmpty ? 0 : $0.removeFirst() })}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            var cdr = try request(.cdrs, .receiver, .post, body: "{}")
            cdr.to = try #require(PartyID("NL-CPO"))
            var answers: [Int?] = []
            for _ in 0..<4 {
                cdr.id = UUIDText.v7()
                answers.append(try await environment.ask(cdr).body?.jsonInteger(["status_code"]))
            }
            #expect(answers == [4003, 4001, 1000, 1000], "what was done is not done again")
            #expect(environment.cpo.recorded.count == 3)
        }
    }

    /// A node of ours says so, whatever it refuses a request for. A party may write that header too, and is not asked again.
    @Test func whatAnotherNodeSaysIsNotDoneMayBeTriedAgain() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in
            .answer(400, [("OCN-Not-Done", "refused")], #"{"status_code":2000}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            for (recipient, calls) in [("NL-CPO", 2), ("DE-CPO", 1)] {
                let before = environment.cpo.recorded.count
                var cdr = try request(.cdrs, .receiver, .post, body: "{}")
                cdr.to = try #require(PartyID(recipient))
                for _ in 0..<2 {
                    cdr.id = UUIDText.v7()
                    let answer = try await environment.ask(cdr)
                    #expect(answer.httpStatus == 400 && answer.headers["OCN-Not-Done"] == nil && answer.notDone == nil)
                }
                #expect(environment.cpo.recorded.count - before == calls, "\(recipient)")
            }
        }
    }

    /// The sender's node sends it again until the service has it, and nobody reads what the service has made of it.
    @Test func aCopyOfAnotherNodeIsBroughtUntilItsServiceTakesItAndThenNoMore() async throws {
        let calls = Atomic<Int>(0)
        let environment = try await DeliveryEnvironment(service: { seen in
            calls.wrappingAdd(1, ordering: .relaxed).newValue == 1
                ? .answer(500, [], #"{"status_code":3000}"#)
                : .answer(201, [("Location", "https://elsewhere.example/1")], #"{"status_code":1000}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            var copy = try request(.cdrs, .receiver, .post, body: "{}")
            copy.to = try #require(PartyID("DE-BIL"))
            copy.origin = .node("https://other.example")
            copy.copyID = "copy-1"
            var statuses: [Int?] = []
            for _ in 0..<3 {
                copy.id = UUIDText.v7()
                let answer = try await environment.ask(copy)
                #expect(answer.headers["Location"] == nil)
                statuses.append(answer.httpStatus)
            }
            #expect(statuses == [500, 201, 201])
            #expect(environment.service.recorded.map { $0.headers["OCN-Copy-ID"] } == [["copy-1"], ["copy-1"]])
            copy.id = UUIDText.v7()
            copy.module = .tokens
            let refused = try await environment.ask(copy)
            #expect(refused.status == .invalidParameters && refused.notDone == .hindered, "it has no such module yet")
        }
    }

    @Test("Scenario 33: an answer without end, or larger than a node passes on, becomes an OCPI error for its caller")
    func tooLarge() async throws {
        let large = #"{"status_code":1000,"data":""# + String(repeating: "x", count: RecordLimits.answerBody) + #""}"#
        let environment = try await DeliveryEnvironment(cpo: { seen in
            switch seen.target {
            case "/sender/locations/endless": .endless(200)
            case "/sender/locations/large": .answer(200, [], large)
            default: .success
            }
        })
        try await environment.run(exchange: try environment.exchange()) {
            for path in ["endless", "large"] {
                let answer = try await environment.ask(try request(.locations, .sender, .get, path: path))
                #expect(answer.outcome == .unreachable && answer.status == .hubError && answer.body == nil, "\(path)")
            }
            #expect(try await environment.ask(try request(.locations, .sender, .get, path: "small")).outcome == .answered)
        }
    }
}
