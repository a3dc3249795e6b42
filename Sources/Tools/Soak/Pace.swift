/// The largest number of events within any window of a given length.
struct Pace: Sendable {
    private(set) var peak = 0
    private let window: Duration
    private var times: [Duration] = []
    private var first = 0

    init(window: Duration) {
        self.window = window
    }

    /// Counts an event. Times may be slightly out of order because of concurrency.
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
