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

/// How long the oldest record of each topic has waited that a member reads and has not finished. A value; the caller brings the time.
struct WaitingAges {
    /// Where a partition stands.
    struct Reading {
        /// The next offset to read.
        var position: Int64
        /// Since when the first unfinished record waits, milliseconds since 1970; nil if all that was read is finished.
        var since: Int64?
        /// Records between the commit point and the end.
        var backlog: Int64
    }

    private struct Rest {
        let position: Int64
        let since: Int64
    }

    private var rests: [TopicPartition: Rest] = [:]

    /// - Parameters:
    ///   - readings: all partitions that are assigned now.
    ///   - now: milliseconds since 1970.
    /// - Returns: milliseconds by topic; 0 where nothing waits.
    mutating func ages(_ readings: [TopicPartition: Reading], now: Int64) -> [String: Int64] {
        rests = rests.filter { readings[$0.key] != nil }
        var ages: [String: Int64] = [:]
        for (partition, reading) in readings {
            // When what nobody has read yet was written is not known; it waits at least since reading came to rest before it.
            let isUnread = reading.since == nil && reading.backlog > 0
            if !isUnread || rests[partition]?.position != reading.position {
                rests[partition] = Rest(position: reading.position, since: now)
            }
            let since = reading.since ?? (isUnread ? rests[partition]?.since : nil)
            ages[partition.topic] = max(ages[partition.topic] ?? 0, since.map { max(0, now - $0) } ?? 0)
        }
        return ages
    }
}
