/// Turns records that finish in any order into the offset that may be committed. Pure value; the caller locks.
///
/// Only offsets that were begun count: gaps in the log (compaction, transaction markers) hold nothing back.
package struct CompletionLedger: Sendable {
    private struct Entry {
        let offset: Int64
        var isFinished: Bool
    }

    private let start: Int64
    // Ascending by offset. Everything before `head` is finished; entries are dropped in bulk, so that finishing is amortised O(log n).
    private var entries: [Entry] = []
    private var head = 0
    private var last: Int64?

    /// How many begun offsets are not finished.
    package private(set) var unfinished = 0

    /// - Parameter start: the next offset to read, and so the commit point until something is begun.
    package init(start: Int64) {
        self.start = start
    }

    /// Records that work on an offset begins. An offset not above all begun before is ignored: it is accounted for already.
    package mutating func begin(_ offset: Int64) {
        if let last, offset <= last { return }
        last = offset
        entries.append(Entry(offset: offset, isFinished: false))
        unfinished += 1
    }

    /// Records that work on an offset ended.
    /// - Returns: `false` if it was not begun or had ended already.
    @discardableResult
    package mutating func finish(_ offset: Int64) -> Bool {
        guard let index = index(of: offset), !entries[index].isFinished else { return false }
        entries[index].isFinished = true
        unfinished -= 1
        while head < entries.count, entries[head].isFinished { head += 1 }
        if head == entries.count {
            entries.removeAll(keepingCapacity: head <= 4096)
            head = 0
        } else if head > 1024, head > entries.count / 2 {
            entries.removeFirst(head)
            head = 0
        }
        return true
    }

    /// The lowest unfinished offset; if there is none, the one after the highest begun.
    package var commitPoint: Int64 {
        head < entries.count ? entries[head].offset : nextOffset
    }

    /// The offset after the highest begun, or the start: where reading goes on.
    package var nextOffset: Int64 {
        guard let last else { return start }
        return last == Int64.max ? last : last + 1
    }

    /// Whether nothing is unfinished.
    package var isIdle: Bool { unfinished == 0 }

    /// Finished offsets above the commit point, ascending: what a new owner would repeat if it only knew the commit point.
    package var finishedAhead: [Int64] {
        entries[head...].lazy.filter(\.isFinished).map(\.offset)
    }

    private func index(of offset: Int64) -> Int? {
        var low = head
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].offset == offset ? low : nil
    }
}
