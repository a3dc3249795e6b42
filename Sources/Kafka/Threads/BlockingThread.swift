import CLibrdkafka

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One thread that runs blocking jobs in order, for queries and admin calls. The first job starts it.
final class BlockingThread: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isStarted = false
        var isStopping = false
        var isEnded = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let name: String
    private let state = Monitor(State())

    init(_ name: String) {
        self.name = name
    }

    // The thread holds `state` only, so that it ends with its owner even if `stop` was never called.
    deinit {
        state.withLock { $0.isStopping = true }
        state.signal()
    }

    /// Runs a blocking job and waits for it without blocking.
    func run<Value: Sendable>(
        _ operation: String, _ job: @escaping @Sendable () throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        let result: Result<Value, KafkaError> = await withCheckedContinuation { continuation in
            do throws(KafkaError) {
                try enqueue(operation) {
                    continuation.resume(returning: Result { () throws(KafkaError) in try job() })
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Like ``run(_:_:)``, but returns at once when the caller is cancelled; the job still runs and its result is dropped.
    func runUnlessCancelled<Value: Sendable>(
        _ operation: String, _ job: @escaping @Sendable () throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        let answer = OneAnswer<Result<Value, KafkaError>>()
        try enqueue(operation) {
            answer.give(Result { () throws(KafkaError) in try job() })
        }
        let result = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            answer.give(.failure(.closed(operation)))
        }
        return try result.get()
    }

    /// Takes no more jobs and ends the thread after the queued ones. Does not wait.
    func close() {
        state.withLock { $0.isStopping = true }
        state.signal()
    }

    /// Lets the queued jobs finish, then ends the thread.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isEnded = state.withLock { state in
                state.isStopping = true
                if !state.isStarted { state.isEnded = true }
                if !state.isEnded { state.waiters.append(continuation) }
                return state.isEnded
            }
            state.signal()
            if isEnded { continuation.resume() }
        }
    }

    /// Queues a blocking job without waiting for it.
    func enqueue(_ operation: String, _ job: @escaping @Sendable () -> Void) throws(KafkaError) {
        let mustStart = try state.withLock { (state) throws(KafkaError) in
            if state.isStopping { throw KafkaError.closed(operation) }
            let mustStart = !state.isStarted
            state.isStarted = true
            state.jobs.append(job)
            return mustStart
        }
        state.signal()
        guard mustStart else { return }
        do throws(KafkaError) {
            try OSThread.start(name) { [state] in BlockingThread.serve(state) }
        } catch {
            // No thread will serve the queue. This caller gets the error; jobs that other callers queued meanwhile run here, so that none
            // is lost.
            let (others, waiters) = state.withLock { state in
                state.isStarted = false
                // A caller of `stop` waits for a thread that never was.
                if state.isStopping { state.isEnded = true }
                defer { (state.jobs, state.waiters) = ([], []) }
                return (state.jobs.dropFirst(), state.waiters)
            }
            for waiter in waiters { waiter.resume() }
            for job in others { job() }
            throw error
        }
    }

    private static func serve(_ state: Monitor<State>) {
        while true {
            let jobs = state.wait(until: nil) { state -> [@Sendable () -> Void]? in
                guard !state.jobs.isEmpty || state.isStopping else { return nil }
                defer { state.jobs = [] }
                return state.jobs
            }
            guard let jobs, !jobs.isEmpty else { break }
            for job in jobs { job() }
        }
        let waiters = state.withLock { state in
            state.isEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
