/// Since when the records of a partition wait that are not finished: a mark for each second in which some were written, which is enough to
/// tell the age of the first of them. A value.
struct WaitingMarks {
    private struct Mark {
        let offset: Int64
        let since: Int64
    }

    private var marks: [Mark] = []
    private static let resolution: Int64 = 1000

    /// A record comes that was written at that time, milliseconds since 1970.
    mutating func begin(_ offset: Int64, since: Int64) {
        if let last = marks.last, abs(last.since - since) < Self.resolution { return }
        marks.append(Mark(offset: offset, since: since))
    }

    /// Since when the record at the commit point waits; nil before anything came.
    mutating func since(_ commitPoint: Int64) -> Int64? {
        let passed = marks.dropFirst().prefix { $0.offset <= commitPoint }.count
        marks.removeFirst(passed)
        return marks.first?.since
    }
}
