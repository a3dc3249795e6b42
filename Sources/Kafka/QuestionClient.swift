import CLibrdkafka
import Dispatch
import Glibc
import Logging
import Synchronization

/// The client on which a process asks Kafka: where partitions end, what groups have committed, which topics there are. It never fetches.
///
/// A broker answers the requests of one connection in order, so a question behind a waiting fetch takes `fetch.wait.max.ms`. All clients that
/// are made from copies of one ``KafkaSettings`` share one such client: it is made for the first question and ends with its last user.
/// Thread-safe.
final class QuestionClient: Sendable {
    private struct State {
        var users = 0
        var client: ClientHandle?
        var ends: EndQuestions?
    }

    private let state = Mutex(State())

    /// Somebody may ask from now on, until ``leave()``.
    func join() { state.withLock { $0.users += 1 } }

    /// Somebody asks no more. The last one ends the client: blocks until questions under way have ended.
    func leave() {
        let left = state.withLock { state -> State in
            state.users -= 1
            guard state.users == 0 else { return State() }
            defer { state = State() }
            return state
        }
        left.ends?.stop()
        left.client?.destroy()
    }

    /// As ``leave()``, for async code.
    func leaveWithoutBlocking() async {
        let thread = BlockingThread("kafka-leave")
        do throws(KafkaError) {
            try await thread.run("leave") { self.leave() }
        } catch {
            leave()  // no thread to be had
        }
        await thread.stop()
    }

    /// Runs `body` with the client's handle, which must not escape; makes the client if there is none.
    /// - Returns: nil once nobody uses the client, so that nobody would end it.
    func use<Value>(
        _ kafka: KafkaSettings, _ log: ThrottledLog, _ body: (OpaquePointer) -> Result<Value, KafkaError>
    ) -> Result<Value, KafkaError>? {
        do throws(KafkaError) {
            guard let client = try client(kafka, log)?.client else { return nil }
            return client.use(body)
        } catch {
            return .failure(error)
        }
    }

    /// The offset that a partition's next record will get, as of a moment after this call.
    func end(
        of partition: TopicPartition, timeout: Duration, _ kafka: KafkaSettings, _ log: ThrottledLog
    ) async throws(KafkaError) -> Int64 {
        let ends = try ends(kafka, log)
        let answer = OneAnswer<Result<Int64, KafkaError>>()
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(timeout.clampedMilliseconds))) {
            answer.give(.failure(KafkaError("end offset", RD_KAFKA_RESP_ERR__TIMED_OUT)))
        }
        ends.ask(partition, timeout: timeout) { answer.give($0) }
        return try await answer.value.get()
    }

    /// As ``end(of:timeout:_:_:)``, for threads that may block.
    func end(of partition: TopicPartition, timeout: Duration, _ kafka: KafkaSettings, _ log: ThrottledLog) throws(KafkaError) -> Int64 {
        let answer = Monitor(Result<Int64, KafkaError>?.none)
        try ends(kafka, log).ask(partition, timeout: timeout) { result in
            answer.withLock { $0 = result }
            answer.signal()
        }
        guard let result = answer.wait(until: Deadline(after: timeout), { $0 }) else {
            throw KafkaError("end offset", RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        return try result.get()
    }

    private func ends(_ kafka: KafkaSettings, _ log: ThrottledLog) throws(KafkaError) -> EndQuestions {
        guard let ends = try client(kafka, log)?.ends else { throw KafkaError.closed("end offset") }
        return ends
    }

    /// Why a broker could not be reached last, in librdkafka's words; nil if that never happened.
    var lastTrouble: String? { state.withLock { $0.client }?.lastTrouble }

    /// The client, made if there is none; nil if nobody has joined.
    func client(_ kafka: KafkaSettings, _ log: ThrottledLog) throws(KafkaError) -> (client: ClientHandle, ends: EndQuestions)? {
        try state.withLock { state throws(KafkaError) in
            if let client = state.client, let ends = state.ends { return (client, ends) }
            guard state.users > 0 else { return nil }
            let client = try ClientHandle(
                RD_KAFKA_PRODUCER, ClientConfiguration.questions(kafka), callbacks: ClientCallbacks(log: log), isPolled: false)
            let ends = EndQuestions { partition, milliseconds in
                client.use { rk in
                    OffsetRequests.edges(rk, [partition], at: Int64(RD_KAFKA_OFFSET_END), milliseconds: milliseconds)
                        .map { $0[partition] ?? 0 }
                }
            }
            state.client = client
            state.ends = ends
            return (client, ends)
        }
    }
}

/// Asks where partitions end, for everybody at once: a question that comes while one is under way shares the next answer.
///
/// Each answer is of a moment after its question. Asks again while the answer may pass, until the question's own deadline.
final class EndQuestions: Sendable {
    /// Asks Kafka; blocks for at most so many milliseconds. Nil if the client is closed.
    typealias Ask = @Sendable (TopicPartition, _ milliseconds: Int32) -> Result<Int64, KafkaError>?

    private struct Question: Sendable {
        let partition: TopicPartition
        let deadline: Deadline
        let report: @Sendable (Result<Int64, KafkaError>) -> Void
    }

    private struct State {
        var waiting: [Question] = []
        var isAsking = false
    }

    private let state = Mutex(State())
    private let thread = BlockingThread("kafka-ends")
    private let ask: Ask

    /// How long Kafka is asked at a time, milliseconds; and the pause before it is asked again.
    private static let attempt: (limit: Int32, pause: UInt32) = (1000, 20)

    init(_ ask: @escaping Ask) {
        self.ask = ask
    }

    /// - Parameter report: called once, about a second after `timeout` at the latest; any thread, must not block.
    func ask(_ partition: TopicPartition, timeout: Duration, report: @escaping @Sendable (Result<Int64, KafkaError>) -> Void) {
        let question = Question(partition: partition, deadline: Deadline(after: timeout), report: report)
        let mustStart = state.withLock { state in
            state.waiting.append(question)
            defer { state.isAsking = true }
            return !state.isAsking
        }
        guard mustStart else { return }
        do throws(KafkaError) {
            try thread.enqueue("end offset") { self.answerAll() }
        } catch {
            end(error)
        }
    }

    /// Those who wait are told that the client is closed.
    func stop() {
        thread.close()
        end(.closed("end offset"))
    }

    private func end(_ error: KafkaError) {
        let waiting = state.withLock { state in
            state.isAsking = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for question in waiting { question.report(.failure(error)) }
    }

    /// Until nobody waits.
    private func answerAll() {
        while true {
            let round = state.withLock { state in
                if state.waiting.isEmpty { state.isAsking = false }
                defer { state.waiting = [] }
                return state.waiting
            }
            guard !round.isEmpty else { return }
            var again: [Question] = []
            for (partition, questions) in Dictionary(grouping: round, by: \.partition) {
                let limit = questions.map(\.deadline.remainingMilliseconds).max() ?? 0
                guard let result = ask(partition, max(1, min(limit, Self.attempt.limit))) else {
                    for question in questions { question.report(.failure(.closed("end offset"))) }
                    continue
                }
                if case .failure(let error) = result, error.mayPass {
                    again += questions.filter { !$0.deadline.hasPassed }
                    for question in questions where question.deadline.hasPassed { question.report(result) }
                } else {
                    for question in questions { question.report(result) }
                }
            }
            guard !again.isEmpty else { continue }
            usleep(Self.attempt.pause * 1000)
            state.withLock { $0.waiting = again + $0.waiting }
        }
    }
}
