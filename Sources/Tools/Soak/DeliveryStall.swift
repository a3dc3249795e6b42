/// The longest time in which something waited and nothing ended.
struct DeliveryStall: Sendable {
    private var longest = Duration.zero
    private var since: Duration?
    private var open = 0

    /// One more waits.
    mutating func begin(at time: Duration) {
        open += 1
        since = since ?? time
    }

    /// Something ended, or arrived once more: things move.
    /// - Parameter isOwed: whether it was one of those that wait.
    mutating func move(_ isOwed: Bool, at time: Duration) {
        longest = longest(until: time)
        if isOwed { open -= 1 }
        since = open > 0 ? time : nil
    }

    /// Counting what goes on right now.
    func longest(until time: Duration) -> Duration {
        since.map { max(longest, time - $0) } ?? longest
    }
}
