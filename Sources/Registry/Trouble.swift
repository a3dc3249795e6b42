/// Trouble that goes on, and when it is to be told: at once, then every minute with how often it was met. Pure value.
struct Trouble {
    enum Telling: Equatable {
        case new
        /// Met so often by now.
        case still(Int)
    }

    let what: RegistryError
    private(set) var count = 0
    private var next: ContinuousClock.Instant?

    static let reminder = Duration.seconds(60)

    init(_ what: RegistryError) { self.what = what }

    /// Nil if it is not to be told now.
    mutating func met(at now: ContinuousClock.Instant) -> Telling? {
        count += 1
        if let next, now < next { return nil }
        defer { next = now + Trouble.reminder }
        return next == nil ? .new : .still(count)
    }
}
