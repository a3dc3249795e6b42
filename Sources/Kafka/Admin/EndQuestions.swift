import CLibrdkafka
import Dispatch
import Glibc
import Synchronization

/// Queries the end offset of a partition for all callers: callers that arrive during a query share the next answer.
///
/// Each answer is newer than its question. A retriable error is retried until the caller's own deadline. Each partition has its own thread,
/// so a leader that does not answer delays no other partition.
final class EndQuestions: Sendable {
    /// Queries Kafka; blocks for at most the given milliseconds. Nil if the client is closed.
    typealias Ask = @Sendable (_ milliseconds: Int32) -> Result<Int64, KafkaError>?

    private struct Question: Sendable {
        let deadline: Deadline
        let report: @Sendable (Result<Int64, KafkaError>) -> Void
    }

    private struct State {
        var waiting: [Question] = []
        var isAsking = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let thread = BlockingThread("kafka-ends")
    private let ask: Ask

    /// The time limit of one query and the pause before the next, in milliseconds.
    private static let attempt: (limit: Int32, pause: UInt32) = (1000, 20)

    init(_ ask: @escaping Ask) {
        self.ask = ask
    }

    /// - Parameter report: called once, at most about a second after `timeout`, on any thread; must not block.
    func ask(timeout: Duration, report: @escaping @Sendable (Result<Int64, KafkaError>) -> Void) {
        let question = Question(deadline: Deadline(after: timeout), report: report)
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

    /// Fails all waiting callers: the client is closed.
    func stop() {
        state.withLock { $0.isStopped = true }
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

    /// Queries until no caller waits.
    private func answerAll() {
        while true {
            var round = state.withLock { state in
                if state.waiting.isEmpty { state.isAsking = false }
                defer { state.waiting = [] }
                return state.waiting
            }
            guard let limit = round.map(\.deadline.remainingMilliseconds).max() else { return }
            let isStopped = state.withLock { $0.isStopped }
            let answer = (isStopped ? nil : ask(max(1, min(limit, Self.attempt.limit)))) ?? .failure(.closed("end offset"))
            var again: [Question] = []
            if case .failure(let error) = answer, error.mayPass {
                // Callers whose deadline has not passed are moved behind the others.
                let first = round.partition { !$0.deadline.hasPassed }
                again = Array(round[first...])
                round.removeSubrange(first...)
            }
            for question in round { question.report(answer) }
            guard !again.isEmpty else { continue }
            usleep(Self.attempt.pause * 1000)
            state.withLock { $0.waiting = again + $0.waiting }
        }
    }
}
