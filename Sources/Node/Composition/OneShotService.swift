import ServiceLifecycle
import Synchronization

/// A task with a result as a service, so that signals stop it.
package final class OneShotService<Outcome: Sendable>: Service {
    private let work: @Sendable () async throws -> Outcome
    private let done = Mutex<Outcome?>(nil)

    /// - Parameter work: cancelled when the service is to stop.
    package init(_ work: @escaping @Sendable () async throws -> Outcome) { self.work = work }

    /// Nil if it was stopped.
    package var outcome: Outcome? { done.withLock { $0 } }

    /// Does the work.
    package func run() async throws {
        try await cancelWhenGracefulShutdown { [self] in
            do {
                let outcome = try await work()
                done.withLock { $0 = outcome }
            } catch is CancellationError {
                return
            } catch {
                if !Task.isCancelled { throw error }
            }
        }
    }
}
