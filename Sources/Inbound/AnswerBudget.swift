import Synchronization

/// The bytes of answers that wait until clients take them, on all connections of a listener together. Thread-safe.
package final class AnswerBudget: Sendable {
    private let limit: Int
    private let held = Atomic<Int>(0)
    private let report: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - limit: most bytes.
    ///   - report: told of each change.
    init(limit: Int, report: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.limit = limit
        self.report = report
    }

    /// So many bytes more, or fewer, wait; `false` when that is more than there is room for. They count all the same until they are
    /// taken back.
    func change(by bytes: Int) -> Bool {
        let now = held.add(bytes, ordering: .relaxed).newValue
        report(now)
        return bytes <= 0 || now <= limit
    }

    /// Whether one more answer of that length fits.
    package func hasRoom(for bytes: Int) -> Bool { held.load(ordering: .relaxed) <= limit - bytes }
}
