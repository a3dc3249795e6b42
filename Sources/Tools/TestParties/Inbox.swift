import Synchronization

/// A growing list on which tasks can wait, for example the requests that a party received. Any thread may append. Waiting uses continuations
/// instead of polling.
package final class Inbox<Entry: Sendable>: Sendable {
    /// Whether a wait ends with these entries. Called outside the lock, on the thread that appended.
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

    /// An empty list.
    package init() {}

    /// All entries since the last ``clear()``, oldest first.
    package var entries: [Entry] { state.withLock { $0.entries } }

    /// Deletes the entries; waits continue.
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

    /// Waits until the condition holds, and returns the entries; nil after the timeout or if the task is cancelled.
    package func wait(within limit: Duration, until condition: @escaping Condition) async -> [Entry]? {
        await withTaskGroup(of: [Entry]?.self) { group in
            group.addTask { await self.wait(until: condition) }
            group.addTask {
                // It is cancelled when the wait ends first. In both cases it returns nil.
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// The first matching entry, including existing ones; nil after the timeout.
    package func first(within limit: Duration, where fits: @escaping @Sendable (Entry) -> Bool) async -> Entry? {
        await wait(within: limit) { $0.contains(where: fits) }?.first(where: fits)
    }

    /// The entry at this index; nil after the timeout.
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
                // A later append finds the waiter. A cancellation before the waiter was stored does not, hence the check.
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
