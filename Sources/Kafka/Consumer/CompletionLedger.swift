/// Turns records that finish in any order into the offset that may be committed. A value without a lock of its own.
///
/// Only begun offsets count: gaps in the log (compaction, transaction markers) hold nothing back. It keeps two bits per offset, in blocks
/// of 64; beginning and finishing take constant time on a log without large gaps, and do not allocate once the ledger has grown.
package struct CompletionLedger: Sendable {
    /// 64 offsets; the first is a multiple of 64.
    private struct Block {
        let index: Int64
        var begun: UInt64 = 0
        var finished: UInt64 = 0

        var unfinished: UInt64 { begun & ~finished }
        func offset(ofBit bit: Int) -> Int64 { index << 6 | Int64(bit) }
    }

    private let start: Int64
    // Ascending by index. Everything before `head` is finished; such blocks are dropped in bulk.
    private var blocks: [Block] = []
    private var head = 0
    private var last: Int64?

    /// The number of begun offsets that are not finished.
    package private(set) var unfinished = 0

    /// - Parameter start: the next offset to read; it is the commit point until an offset is begun.
    package init(start: Int64) {
        self.start = start
    }

    /// Marks an offset as begun. An offset that is not above all earlier ones is ignored, because it is already counted.
    package mutating func begin(_ offset: Int64) {
        if let last, offset <= last { return }
        last = offset
        let index = offset >> 6
        if blocks.count == head || blocks[blocks.count - 1].index != index { blocks.append(Block(index: index)) }
        blocks[blocks.count - 1].begun |= Self.bit(offset)
        unfinished += 1
    }

    /// Marks an offset as finished.
    /// - Returns: `false` if it was not begun or was finished already.
    @discardableResult
    package mutating func finish(_ offset: Int64) -> Bool {
        guard let place = place(of: offset >> 6), blocks[place].unfinished & Self.bit(offset) != 0 else { return false }
        blocks[place].finished |= Self.bit(offset)
        unfinished -= 1
        while head < blocks.count, blocks[head].unfinished == 0 { head += 1 }
        if head == blocks.count {
            blocks.removeAll(keepingCapacity: head <= 1024)
            head = 0
        } else if head > 256, head > blocks.count / 2 {
            blocks.removeFirst(head)
            head = 0
        }
        return true
    }

    /// Skips offsets that are no longer in the log: unfinished offsets below stay unfinished, and reading continues at `offset`.
    package mutating func skip(to offset: Int64) {
        if offset > nextOffset { last = offset - 1 }
    }

    /// The lowest unfinished offset; if there is none, the one after the highest begun.
    package var commitPoint: Int64 {
        head < blocks.count ? blocks[head].offset(ofBit: blocks[head].unfinished.trailingZeroBitCount) : nextOffset
    }

    /// The next offset to read: the one after the highest begun, or the start.
    package var nextOffset: Int64 {
        guard let last else { return start }
        return last == Int64.max ? last : last + 1
    }

    /// Whether no offset was ever begun or skipped.
    var isUntouched: Bool { last == nil }

    /// The finished offsets above the commit point, which a new owner would repeat if it only knew the commit point.
    package var finishedAhead: FinishedAhead {
        guard head < blocks.count, let last else { return FinishedAhead(base: nextOffset, runs: []) }
        var runs: [ClosedRange<Int64>] = []
        var previous: Int64?
        for block in blocks[head...] {
            var open = block.unfinished
            while open != 0 {
                let offset = block.offset(ofBit: open.trailingZeroBitCount)
                open &= open &- 1
                // Offsets between two unfinished ones are finished, or were never in the log.
                if let previous, offset > previous + 1 { runs.append((previous + 1)...(offset - 1)) }
                previous = offset
            }
        }
        if let previous, last > previous { runs.append((previous + 1)...last) }
        return FinishedAhead(base: commitPoint, runs: runs)
    }

    private static func bit(_ offset: Int64) -> UInt64 { 1 << UInt64(offset & 63) }

    /// The position of a block. Without gaps it follows from the index; otherwise it is at most that far, and is searched for.
    private func place(of index: Int64) -> Int? {
        guard head < blocks.count else { return nil }
        let (distance, overflow) = index.subtractingReportingOverflow(blocks[head].index)
        guard !overflow, distance >= 0 else { return nil }
        var high = Int(clamping: min(Int64(blocks.count - 1), Int64(head) + min(distance, Int64(blocks.count))))
        if blocks[high].index == index { return high }
        var low = head
        while low <= high {
            let middle = low + (high - low) / 2
            if blocks[middle].index == index { return middle }
            if blocks[middle].index < index { low = middle + 1 } else { high = middle - 1 }
        }
        return nil
    }
}
