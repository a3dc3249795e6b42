import Synchronization

/// A list that grows and that tasks can wait on: what a party received, say. Any thread may append. Waiting uses continuations, not polling.
package final class Inbox<Entry: Sendable>: Sendable {
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

    /// Empty.
    package init() {}

    /// Everything since the last ``clear()``, oldest first.
    package var entries: [Entry] { state.withLock { $0.entries } }

    /// Forgets the entries; waits go on.
    package func clear() { state.withLock { $0.entries = [] } }

    /// Adds one entry.
    package func append(_ entry: Entry) { append([entry]) }

    /// Adds entries and ends every wait whose condition now holds.
    package func append(_ new: [Entry]) {
        guard !new.isEmpty else { return }
        let (entries, waiters) = state.withLock { state in
            state.entries.append(contentsOf: new)
            return (state.entries, state.waiters)
        }
        for (id, waiter) in waiters where waiter.condition(entries) { finish(id, with: entries) }
    }

    /// Waits until the condition holds and returns what is there then; nil when the time is over first or the task is cancelled.
    package func wait(within limit: Duration, until condition: @escaping Condition) async -> [Entry]? {
        await withTaskGroup(of: [Entry]?.self) { group in
            group.addTask { await self.wait(until: condition) }
            group.addTask {
                // Cancelled as soon as the wait is over; either way there is nothing to return.
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// The first entry like that, also one that is here already; nil if none comes in time.
    package func first(within limit: Duration, where fits: @escaping @Sendable (Entry) -> Bool) async -> Entry? {
        await wait(within: limit) { $0.contains(where: fits) }?.first(where: fits)
    }

    /// The entry at this place, counted from 0; nil if it does not come in time.
    package func entry(_ index: Int, within limit: Duration) async -> Entry? {
        await wait(within: limit) { $0.count > index }?[index]
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
