/// A fault that lasts, and when to log it: at once, then every minute with the number of occurrences. A value.
struct OngoingFault {
    enum Report: Equatable {
        case first
        /// Occurred that often by now.
        case reminder(count: Int)
    }

    let error: RegistryError
    private(set) var count = 0
    private var next: ContinuousClock.Instant?

    static let reminderInterval = Duration.seconds(60)

    init(_ error: RegistryError) { self.error = error }

    /// Counts an occurrence. Nil if it is not to be logged now.
    mutating func occurred(at now: ContinuousClock.Instant) -> Report? {
        count += 1
        if let next, now < next { return nil }
        defer { next = now + OngoingFault.reminderInterval }
        return next == nil ? .first : .reminder(count: count)
    }
}
