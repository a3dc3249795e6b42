/// When to look whether every partition has an owner, and which have had none for too long. A value; the caller brings the time.
///
/// Soon after each assignment, then at longer and longer intervals.
struct OwnershipMonitor {
    private let longest: Duration
    private var interval: Duration
    /// nil: not before the next assignment, or while somebody is looking.
    private var lookAt: ContinuousClock.Instant?
    private var unowned: Set<TopicPartition> = []

    private static let shortest = Duration.seconds(1)

    /// - Parameter longest: the longest time between two looks.
    init(every longest: Duration) {
        self.longest = longest
        interval = min(Self.shortest, longest)
    }

    /// The group has given this member its share.
    mutating func assigned(at now: ContinuousClock.Instant) {
        interval = min(Self.shortest, longest)
        lookAt = now + interval
        unowned = []
    }

    /// Whether it is time to look. Until ``found(_:at:)`` it is not again.
    mutating func begin(at now: ContinuousClock.Instant) -> Bool {
        guard let lookAt, now >= lookAt else { return false }
        self.lookAt = nil
        return true
    }

    /// Notes a look.
    /// - Parameter unowned: partitions without an owner; none while the group is settling who owns what, or where nobody knows.
    /// - Returns: those that had none at the last look either, sorted. The count begins anew then.
    mutating func found(_ unowned: Set<TopicPartition>, at now: ContinuousClock.Instant) -> [TopicPartition] {
        let lasting = self.unowned.intersection(unowned)
        self.unowned = lasting.isEmpty ? unowned : []
        interval = min(interval * 2, longest)
        lookAt = now + interval
        return lasting.sorted()
    }
}
