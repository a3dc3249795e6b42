/// The most that happened within any window of a given length.
struct Pace: Sendable {
    private(set) var peak = 0
    private let window: Duration
    private var times: [Duration] = []
    private var first = 0

    init(window: Duration) {
        self.window = window
    }

    /// Something happened; times do not run backwards by more than what concurrency makes of them.
    mutating func note(_ time: Duration) {
        times.append(time)
        while first < times.count, times[first] < time - window { first += 1 }
        peak = max(peak, times.count - first)
        if first > 10_000 {
            times.removeFirst(first)
            first = 0
        }
    }
}
