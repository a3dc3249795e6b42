/// When to check that every partition has an owner, and which partitions have had none for too long. A value; the caller passes the time.
///
/// The first check follows soon after an assignment, later ones at growing intervals.
struct OwnershipMonitor {
    private let longest: Duration
    private var interval: Duration
    /// Nil during a check, and before the first assignment.
    private var lookAt: ContinuousClock.Instant?
    private var unowned: Set<TopicPartition> = []

    private static let shortest = Duration.seconds(1)

    /// - Parameter longest: the longest interval between two checks.
    init(every longest: Duration) {
        self.longest = longest
        interval = min(Self.shortest, longest)
    }

    /// Notes an assignment of this member.
    mutating func assigned(at now: ContinuousClock.Instant) {
        interval = min(Self.shortest, longest)
        lookAt = now + interval
        unowned = []
    }

    /// Whether a check is due. Returns `false` from then on until ``found(_:at:)``.
    mutating func begin(at now: ContinuousClock.Instant) -> Bool {
        guard let lookAt, now >= lookAt else { return false }
        self.lookAt = nil
        return true
    }

    /// Notes the result of a check.
    /// - Parameter unowned: partitions without an owner; empty during a rebalance, and if the owners are not known.
    /// - Returns: the partitions that had no owner at the previous check either, sorted. The count starts again then.
    mutating func found(_ unowned: Set<TopicPartition>, at now: ContinuousClock.Instant) -> [TopicPartition] {
        let lasting = self.unowned.intersection(unowned)
        self.unowned = lasting.isEmpty ? unowned : []
        interval = min(interval * 2, longest)
        lookAt = now + interval
        return lasting.sorted()
    }
}
