import Synchronization

/// A list that only grows and that tasks can wait on: what a party received, what crossed Kafka.
/// Any thread may append; waiting uses continuations, never polling.
package final class Journal<Entry: Sendable>: Sendable {
    /// Decides from all entries so far whether a wait is over. Called outside the lock, on the thread that appended.
    package typealias Condition = @Sendable ([Entry]) -> Bool

    private struct Waiter {
        let condition: Condition
        let continuation: CheckedContinuation<[Entry]?, Never>
    }

    private struct State {
        var entries: [Entry] = []
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    /// An empty journal.
    package init() {}

    /// Everything written so far, oldest first.
    package var entries: [Entry] { state.withLock { $0.entries } }

    /// Adds entries and wakes every wait whose condition now holds.
    package func append(_ new: [Entry]) {
        guard !new.isEmpty else { return }
        let (entries, waiters) = state.withLock { state in
            state.entries.append(contentsOf: new)
            return (state.entries, state.waiters)
        }
        for (id, waiter) in waiters where waiter.condition(entries) { finish(id, with: entries) }
    }

    /// Adds one entry.
    package func append(_ entry: Entry) { append([entry]) }

    /// Waits until the condition holds for the entries and returns them; nil when the time is over first or the task is cancelled.
    package func wait(timeout: Duration, until condition: @escaping Condition) async -> [Entry]? {
        await withTaskGroup(of: [Entry]?.self) { group in
            group.addTask { await self.wait(until: condition) }
            group.addTask {
                // Cancelled as soon as the wait is over; either way there is nothing to return.
                try? await Task.sleep(for: timeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private func wait(until condition: @escaping Condition) async -> [Entry]? {
        let id = state.withLock { state in
            state.nextWaiter &+= 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let entries = state.withLock { state in
                    state.waiters[id] = Waiter(condition: condition, continuation: continuation)
                    return state.entries
                }
                // An append between registering and here finds the waiter; a cancellation before registering does not, hence the check.
                if condition(entries) {
                    finish(id, with: entries)
                } else if Task.isCancelled {
                    finish(id, with: nil)
                }
            }
        } onCancel: {
            finish(id, with: nil)
        }
    }

    private func finish(_ id: UInt64, with entries: [Entry]?) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.continuation.resume(returning: entries)
    }
}
