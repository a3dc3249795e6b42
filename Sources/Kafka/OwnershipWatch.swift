/// Whether partitions have stayed without an owner although their group has settled. A value; the caller brings the time.
struct OwnershipWatch {
    private let interval: Duration
    private var lookAt: ContinuousClock.Instant?
    private var unowned: Set<TopicPartition> = []

    /// - Parameter interval: the time between two looks.
    init(every interval: Duration) {
        self.interval = interval
    }

    /// Whether it is time to look; the next time is one interval later.
    mutating func isDue(at now: ContinuousClock.Instant) -> Bool {
        defer { if lookAt.map({ now >= $0 }) ?? true { lookAt = now + interval } }
        return lookAt.map { now >= $0 } ?? false
    }

    /// Notes a look.
    /// - Parameter unowned: partitions without an owner; empty while the group is settling who owns what.
    /// - Returns: those that had none at the last look either, sorted. They are told once; the count begins anew then.
    mutating func found(_ unowned: Set<TopicPartition>) -> [TopicPartition] {
        let lasting = self.unowned.intersection(unowned)
        self.unowned = lasting.isEmpty ? unowned : []
        return lasting.sorted()
    }
}
