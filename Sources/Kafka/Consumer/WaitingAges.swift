/// How long the oldest unfinished record of each topic has waited, of the partitions assigned to a member. A value; the caller passes the
/// time.
struct WaitingAges {
    /// The state of a partition.
    struct Reading {
        /// The next offset to read.
        var position: Int64
        /// When the first unfinished record was written, in milliseconds since 1970; nil if all records read so far are finished.
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
    ///   - readings: all assigned partitions.
    ///   - now: milliseconds since 1970.
    /// - Returns: milliseconds by topic; 0 if no record waits.
    mutating func ages(_ readings: [TopicPartition: Reading], now: Int64) -> [String: Int64] {
        rests = rests.filter { readings[$0.key] != nil }
        var ages: [String: Int64] = [:]
        for (partition, reading) in readings {
            // The age of unread records is not known; they have waited at least since reading stopped before them.
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
