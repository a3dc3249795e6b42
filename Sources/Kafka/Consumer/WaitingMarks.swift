/// When the unfinished records of a partition were written: one mark per second with records, which is enough for the age of the oldest. A
/// value.
struct WaitingMarks {
    private struct Mark {
        let offset: Int64
        let since: Int64
    }

    private var marks: [Mark] = []
    private static let resolution: Int64 = 1000

    /// Notes a record that was written at that time, in milliseconds since 1970.
    mutating func begin(_ offset: Int64, since: Int64) {
        if let last = marks.last, abs(last.since - since) < Self.resolution { return }
        marks.append(Mark(offset: offset, since: since))
    }

    /// When the record at the commit point was written; nil before the first record.
    mutating func since(_ commitPoint: Int64) -> Int64? {
        let passed = marks.dropFirst().prefix { $0.offset <= commitPoint }.count
        marks.removeFirst(passed)
        return marks.first?.since
    }
}
