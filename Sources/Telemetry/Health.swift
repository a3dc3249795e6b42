import Encoding
package import NIOCore
import Synchronization

/// The health of the program: whether it may get traffic (ready), and whether only a restart helps (not alive).
///
/// Ready when there is at least one check and all checks are ready. Any thread may call.
package final class Health: Sendable {
    private struct Check {
        var ready: Bool
        var reason: String?
    }

    private struct State {
        var checks: [String: Check]
        var fatalReason: String?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter expected: checks that must report before the program is ready; until then their reason is "starting".
    package init(expecting expected: [String] = []) {
        let waiting = Check(ready: false, reason: "starting")
        state = Mutex(State(checks: Dictionary(expected.map { ($0, waiting) }) { first, _ in first }))
    }

    /// Sets the check of that name, or adds it. The reason is shown to the operator and must hold no secret.
    package func set(_ name: String, ready: Bool, reason: String? = nil) {
        let woken = state.withLock { state in
            state.checks[name] = Check(ready: ready, reason: reason)
            guard Self.isReady(state) else { return [CheckedContinuation<Bool, Never>]() }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in woken { waiter.resume(returning: true) }
    }

    /// Whether there is a check of that name.
    package func has(_ name: String) -> Bool { state.withLock { $0.checks[name] != nil } }

    /// Whether the check of that name is not ready.
    package func isBad(_ name: String) -> Bool { state.withLock { $0.checks[name]?.ready == false } }

    /// Waits until the program is ready.
    /// - Returns: `false` if the task was cancelled first.
    package func becomesReady() async -> Bool {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Self.isReady(state) { return true }
                    if Task.isCancelled { return false }
                    state.waiters[id] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: false)
        }
    }

    /// Marks the process as unable to recover by itself, until it is restarted. The first reason is kept.
    package func fail(_ reason: String) {
        state.withLock { state in
            guard state.fatalReason == nil else { return }
            state.fatalReason = reason
            state.checks["process"] = Check(ready: false, reason: reason)
        }
    }

    /// Why the process must be restarted; nil while it is alive.
    package var fatalReason: String? {
        state.withLock { $0.fatalReason }
    }

    /// Whether the program may get traffic.
    package var isReady: Bool {
        state.withLock { Self.isReady($0) }
    }

    /// `{"ready":false,"checks":[{"name":"directory","ready":false,"reason":"starting"}]}`, sorted by name, without `reason` where there is
    /// none, together with `isReady` at the same moment.
    package func render() -> (ready: Bool, json: ByteBuffer) {
        let state = state.withLock { $0 }
        let ready = Self.isReady(state)
        let checks = state.checks.sorted { $0.key < $1.key }.map { name, check in
            JSONValue.object(["name": .string(name), "ready": .bool(check.ready), "reason": check.reason.map(JSONValue.string)])
        }
        return (ready, JSONValue.object(["ready": .bool(ready), "checks": .array(checks)]).encoded())
    }

    private static func isReady(_ state: State) -> Bool {
        state.fatalReason == nil && !state.checks.isEmpty && state.checks.values.allSatisfy(\.ready)
    }
}
