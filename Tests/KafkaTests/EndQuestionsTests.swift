import Synchronization
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5))) struct EndQuestionsTests {
    /// A Kafka that answers when the test allows it, each time with the number of queries so far.
    private final class Oracle: Sendable {
        private struct State {
            var asked = 0
            var allowed: Int
            var isClosed = false
        }

        let limits = Observed<[Int32]>([])
        private let state: Monitor<State>
        private let isGood: @Sendable (Int) -> Bool

        init(allowed: Int = .max, isGood: @escaping @Sendable (Int) -> Bool = { _ in true }) {
            state = Monitor(State(allowed: allowed))
            self.isGood = isGood
        }

        var questions: EndQuestions { EndQuestions { self.ask($0) } }

        /// Allows that many queries to be answered.
        func allow(_ count: Int) {
            state.withLock { $0.allowed = count }
            state.signal()
        }

        func close() {
            state.withLock { $0.isClosed = true }
            state.signal()
        }

        private func ask(_ milliseconds: Int32) -> Result<Int64, KafkaError>? {
            let number = state.withLock { state in
                state.asked += 1
                return state.asked
            }
            limits.update { $0.append(milliseconds) }
            return state.wait(until: nil) { state -> Result<Int64, KafkaError>?? in
                if state.isClosed { return .some(nil) }
                guard state.allowed >= number else { return nil }
                return isGood(number) ? .success(Int64(number)) : .failure(KafkaError(operation: "ask", code: 6))
            } ?? nil
        }
    }

    private typealias Answers = Observed<[Result<Int64, KafkaError>]>

    private func ask(_ questions: EndQuestions, _ answers: Answers, timeout: Duration = .seconds(60)) {
        questions.ask(timeout: timeout) { answer in answers.update { $0.append(answer) } }
    }

    @Test func whoComesWhileKafkaIsAskedSharesTheNextAnswer() async {
        let oracle = Oracle(allowed: 0)
        let questions = oracle.questions
        let (first, later) = (Answers([]), Answers([]))
        ask(questions, first)
        #expect(await oracle.limits.wait { $0.count == 1 })
        for _ in 0..<100 { ask(questions, later) }
        oracle.allow(1)
        #expect(await first.wait { $0 == [.success(1)] })
        #expect(await oracle.limits.wait { $0.count == 2 })
        #expect(later.state.isEmpty, "the answer to a question that was asked before them says nothing of what came meanwhile")
        oracle.allow(2)
        #expect(await later.wait { $0 == Array(repeating: .success(2), count: 100) })
        #expect(oracle.limits.state.count == 2)
        questions.stop()
    }

    @Test func whoAsksLaterAsksAnew() async {
        let oracle = Oracle()
        let questions = oracle.questions
        for number in 1...3 {
            let answers = Answers([])
            ask(questions, answers)
            #expect(await answers.wait { $0 == [.success(Int64(number))] })
        }
        questions.stop()
    }

    @Test func aBadAnswerThatMayPassIsAskedForAgain() async {
        let oracle = Oracle { $0 >= 4 }
        let questions = oracle.questions
        let answers = Answers([])
        ask(questions, answers)
        #expect(await answers.wait { $0 == [.success(4)] })
        #expect(oracle.limits.state == [1000, 1000, 1000, 1000], "not longer at a time, so that whoever comes meanwhile need not wait")
        questions.stop()
    }

    @Test func eachQuestionHasItsOwnDeadline() async {
        let oracle = Oracle { _ in false }
        let questions = oracle.questions
        let (short, long) = (Answers([]), Answers([]))
        ask(questions, long, timeout: .seconds(60))
        let time = await ContinuousClock().measure {
            ask(questions, short, timeout: .milliseconds(100))
            #expect(await short.wait { !$0.isEmpty })
        }
        #expect(short.state.map(\.failure?.code) == [6], "told what is wrong, once")
        #expect(time >= .milliseconds(100) && time < .seconds(10))
        #expect(long.state.isEmpty)
        questions.stop()
        #expect(await long.wait { $0.count == 1 })
        #expect(long.state.map(\.failure?.mayPass) == [false], "whoever still waits is told that nobody will ask")
        #expect(short.state.count == 1)
    }

    @Test func aClosedClientAnswersNobody() async {
        let oracle = Oracle(allowed: 0)
        let questions = oracle.questions
        let (asked, waiting, late) = (Answers([]), Answers([]), Answers([]))
        ask(questions, asked)
        #expect(await oracle.limits.wait { $0.count == 1 })
        ask(questions, waiting)
        questions.stop()
        #expect(await waiting.wait { $0 == [.failure(.closed("end offset"))] })
        ask(questions, late)
        #expect(await late.wait { $0 == [.failure(.closed("end offset"))] })
        #expect(asked.state.isEmpty, "under way")
        oracle.close()
        #expect(await asked.wait { $0 == [.failure(.closed("end offset"))] })
        #expect(waiting.state.count == 1 && late.state.count == 1)
    }

    @Test func manyAskersGetAnswersOfAMomentAfterTheirQuestion() async {
        /// The end grows by one with each query.
        final class Log: Sendable {
            let end = Atomic<Int64>(0)
            let wrong = Atomic<Int>(0)
        }
        let log = Log()
        let questions = EndQuestions { _ in .success(log.end.add(1, ordering: .sequentiallyConsistent).newValue) }
        let count = 2000
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    for _ in 0..<count / 8 {
                        let before = log.end.load(ordering: .sequentiallyConsistent)
                        let answer = await withCheckedContinuation { continuation in
                            questions.ask(timeout: .seconds(60)) { continuation.resume(returning: $0) }
                        }
                        if (try? answer.get()).map({ $0 <= before }) ?? true { log.wrong.add(1, ordering: .relaxed) }
                    }
                }
            }
        }
        #expect(log.wrong.load(ordering: .relaxed) == 0)
        #expect(log.end.load(ordering: .relaxed) <= count)
        questions.stop()
    }
}

/// The query client of a process.
@Suite(.timeLimit(.minutes(5))) struct QuestionClientTests {
    private func reader(_ settings: KafkaSettings, _ topic: String = "t") -> PartitionReader {
        PartitionReader(
            settings, topic: topic, partitions: [0], start: .beginning, logger: TestCluster.logger, onBatch: { _ in }, onEnd: { _, _ in })
    }

    private let silent = ThrottledLog(TestCluster.logger)

    @Test func allWhoAreMadeFromOneSettingsShareOneAndTheLastEndsIt() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let settings = TestCluster.settings("shared", cluster)
        #expect(try settings.questions.client(settings, silent) == nil, "nobody would end it")
        let admin = try KafkaAdmin(settings, logger: TestCluster.logger)
        let client = try #require(try settings.questions.client(settings, silent))
        var named = settings
        named.clientID = "another"
        let readers = [reader(settings), reader(named)]
        for reader in readers { try await reader.start() }
        #expect(try await readers[1].latestOffset(TopicPartition(topic: "t", partition: 0), timeout: .seconds(10)) == 0)
        #expect(try named.questions.client(named, silent) === client)
        await admin.close()
        await readers[0].stop()
        #expect(try settings.questions.client(settings, silent) === client)
        await readers[1].stop()
        #expect(try settings.questions.client(settings, silent) == nil)

        var elsewhere = settings
        elsewhere.properties["reconnect.backoff.ms"] = "50"
        #expect(elsewhere.questions !== settings.questions, "another way to Kafka")
        cluster.close()
    }

    /// A consumer or an admin that cannot be made leaves at once, on a thread that must not block.
    @Test func whoLeavesItBehindDoesNotWaitForQuestionsUnderWay() async throws {
        let settings = KafkaSettings(bootstrap: "localhost:1", clientID: "left")
        settings.questions.join()
        let client = try #require(try settings.questions.client(settings, silent))
        let isAsking = Observed(false)
        let mayEnd = Monitor(false)
        let thread = BlockingThread("asks")
        try thread.enqueue("ask") {
            _ = client.use { _ in
                isAsking.update { $0 = true }
                _ = mayEnd.wait(until: nil) { $0 ? true : nil }
            }
        }
        #expect(await isAsking.wait { $0 })
        let time = ContinuousClock().measure { settings.questions.leaveBehind() }
        #expect(time < .seconds(1))
        #expect(try settings.questions.client(settings, silent) == nil)
        #expect(client.use { _ in true } == nil, "it takes no more questions")
        mayEnd.withLock { $0 = true }
        mayEnd.signal()
        await thread.stop()
    }

    @Test func aPartitionWhoseLeaderDoesNotAnswerHoldsNoQuestionAboutAnother() async throws {
        let cluster = try EmbeddedCluster(brokers: 2, logger: TestCluster.logger)
        let topics = ["well", "ill"]
        for (broker, topic) in zip(Int32(1)..., topics) {
            try cluster.createTopic(topic, partitions: 1)
            cluster.setLeader(topic, 0, broker)
        }
        let settings = TestCluster.settings("reader", cluster)
        let readers = topics.map { reader(settings, $0) }
        for reader in readers { try await reader.start() }
        let places = topics.map { TopicPartition(topic: $0, partition: 0) }
        for (reader, place) in zip(readers, places) { #expect(try await reader.latestOffset(place, timeout: .seconds(10)) == 0) }

        cluster.setRoundTrip(broker: 2, .seconds(5))
        async let ill = Result.of { () throws(KafkaError) in try await readers[1].latestOffset(places[1], timeout: .milliseconds(2500)) }
        for _ in 0..<5 { #expect(try await readers[0].latestOffset(places[0], timeout: .milliseconds(600)) == 0) }
        let time = await ContinuousClock().measure {
            await #expect { try await readers[1].latestOffset(places[1], timeout: .milliseconds(200)) } throws: { error in
                (error as? KafkaError)?.isTimedOut ?? false
            }
        }
        #expect(time < .seconds(2), "a question keeps its own deadline")
        #expect(await ill.failure?.isTimedOut == true)
        cluster.setRoundTrip(broker: 2, .zero)
        for reader in readers { await reader.stop() }
        cluster.close()
    }

    /// A broker answers the requests of one connection in order, and holds an empty fetch for `fetch.wait.max.ms`.
    @Test func aQuestionDoesNotWaitForAFetch() async throws {
        let topic = try await TestCluster.topic()
        let reader = reader(try TestCluster.settings("reader", ["fetch.wait.max.ms": "500"]), topic)
        try await reader.start()
        let place = TopicPartition(topic: topic, partition: 0)
        var times: [Duration] = []
        for _ in 0..<20 {
            var began = ContinuousClock.now
            #expect(try await reader.latestOffset(place, timeout: .seconds(10)) == 0)
            times.append(ContinuousClock.now - began)
            began = ContinuousClock.now
            #expect(try await Task.blocking { try reader.endOffset(place, timeout: .seconds(10)) } == 0)
            times.append(ContinuousClock.now - began)
        }
        times.sort()
        // Behind a waiting fetch all but a few take nearly 500 ms.
        #expect(times[times.count / 2] < .milliseconds(100) && times[times.count * 3 / 4] < .milliseconds(250), "\(times)")
        await reader.stop()
    }
}

extension Result where Success: Sendable, Failure == KafkaError {
    fileprivate static func of(_ body: () async throws(KafkaError) -> Success) async -> Self {
        do throws(KafkaError) { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension Task where Success == Never, Failure == Never {
    /// Runs blocking code on a thread of its own.
    fileprivate static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try OSThread.start("blocking") { continuation.resume(with: Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
