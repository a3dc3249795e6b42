import CLibrdkafka
import Dispatch
import Glibc
import Logging
import Synchronization

/// The client for a process's Kafka queries: end offsets, committed offsets, topics. It never fetches.
///
/// A broker answers the requests of one connection in order, so a query behind a waiting fetch takes `fetch.wait.max.ms`. All clients made
/// from copies of one ``KafkaSettings`` share one such client, which is made for the first query and ends with its last user. Thread-safe.
final class QuestionClient: Sendable {
    private struct State {
        var users = 0
        var client: ClientHandle?
        var ends: [TopicPartition: EndQuestions] = [:]
    }

    private let state = Mutex(State())

    /// Registers a user, which may query until its ``leave()``.
    func join() { state.withLock { $0.users += 1 } }

    /// Removes a user. The last one destroys the client: blocks until running queries have ended.
    func leave() { release()?.destroy() }

    /// Like ``leave()``, for callers that must not block and need not know when the client has ended.
    func leaveBehind() { release()?.destroyBehind() }

    /// Removes a user. The last one takes the client, so that later queries are refused.
    private func release() -> ClientHandle? {
        let left = state.withLock { state -> State in
            state.users -= 1
            guard state.users == 0 else { return State() }
            defer { state = State() }
            return state
        }
        for ends in left.ends.values { ends.stop() }
        return left.client
    }

    /// Like ``leave()``, for async code.
    func leaveWithoutBlocking() async {
        let thread = BlockingThread("kafka-leave")
        do throws(KafkaError) {
            try await thread.run("leave") { self.leave() }
        } catch {
            leave()  // no thread available
        }
        await thread.stop()
    }

    /// Runs `body` with the client's handle, which must not escape; makes the client if there is none.
    /// - Returns: nil without a registered user, because no user would destroy the client.
    func use<Value>(
        _ kafka: KafkaSettings, _ log: ThrottledLog, _ body: (OpaquePointer) -> Result<Value, KafkaError>
    ) -> Result<Value, KafkaError>? {
        do throws(KafkaError) {
            return try client(kafka, log)?.use(body)
        } catch {
            return .failure(error)
        }
    }

    /// The offset that a partition's next record will get, as of a moment after this call.
    func end(
        of partition: TopicPartition, timeout: Duration, _ kafka: KafkaSettings, _ log: ThrottledLog
    ) async throws(KafkaError) -> Int64 {
        let ends = try ends(of: partition, kafka, log)
        let answer = OneAnswer<Result<Int64, KafkaError>>()
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(timeout.clampedMilliseconds))) {
            answer.give(.failure(KafkaError("end offset", RD_KAFKA_RESP_ERR__TIMED_OUT)))
        }
        ends.ask(timeout: timeout) { answer.give($0) }
        return try await answer.value.get()
    }

    /// Like ``end(of:timeout:_:_:)``, for threads that may block.
    func end(of partition: TopicPartition, timeout: Duration, _ kafka: KafkaSettings, _ log: ThrottledLog) throws(KafkaError) -> Int64 {
        let answer = Monitor(Result<Int64, KafkaError>?.none)
        try ends(of: partition, kafka, log).ask(timeout: timeout) { result in
            answer.withLock { $0 = result }
            answer.signal()
        }
        guard let result = answer.wait(until: Deadline(after: timeout), { $0 }) else {
            throw KafkaError("end offset", RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        return try result.get()
    }

    /// Why the last connection attempt to a broker failed, in librdkafka's words; nil if none has failed.
    var lastTrouble: String? { state.withLock { $0.client }?.lastTrouble }

    /// The client, made if there is none; nil without a registered user.
    func client(_ kafka: KafkaSettings, _ log: ThrottledLog) throws(KafkaError) -> ClientHandle? {
        try state.withLock { state throws(KafkaError) in try Self.client(&state, kafka, log) }
    }

    private func ends(of partition: TopicPartition, _ kafka: KafkaSettings, _ log: ThrottledLog) throws(KafkaError) -> EndQuestions {
        try state.withLock { state throws(KafkaError) in
            guard let client = try Self.client(&state, kafka, log) else { throw KafkaError.closed("end offset") }
            if let known = state.ends[partition] { return known }
            let ends = EndQuestions { milliseconds in
                client.use { rk in
                    OffsetRequests.edges(rk, [partition], at: Int64(RD_KAFKA_OFFSET_END), milliseconds: milliseconds)
                        .map { $0[partition] ?? 0 }
                }
            }
            state.ends[partition] = ends
            return ends
        }
    }

    private static func client(_ state: inout State, _ kafka: KafkaSettings, _ log: ThrottledLog) throws(KafkaError) -> ClientHandle? {
        if let client = state.client { return client }
        guard state.users > 0 else { return nil }
        let client = try ClientHandle(
            RD_KAFKA_PRODUCER, ClientConfiguration.questions(kafka), callbacks: ClientCallbacks(log: log), isPolled: false)
        state.client = client
        return client
    }
}
