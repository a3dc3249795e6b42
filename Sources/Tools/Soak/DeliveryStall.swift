/// The longest time in which copies waited and none was finished.
struct DeliveryStall: Sendable {
    private var longest = Duration.zero
    private var since: Duration?
    private var open = 0

    /// Another copy waits.
    mutating func begin(at time: Duration) {
        open += 1
        since = since ?? time
    }

    /// A copy was finished or arrived again, which ends a stall.
    /// - Parameter isExpected: whether the copy was waiting.
    mutating func move(_ isExpected: Bool, at time: Duration) {
        longest = longest(until: time)
        if isExpected { open -= 1 }
        since = open > 0 ? time : nil
    }

    /// The longest stall, including a current one.
    func longest(until time: Duration) -> Duration {
        since.map { max(longest, time - $0) } ?? longest
    }
}
