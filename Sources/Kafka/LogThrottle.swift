/// Lets one line of a kind through per interval and counts the others. Pure value; the caller brings the time.
struct LogThrottle<Kind: Hashable> {
    private struct Window {
        let end: ContinuousClock.Instant
        var suppressed = 0
    }

    private let interval: Duration
    private var windows: [Kind: Window] = [:]

    init(interval: Duration) {
        self.interval = interval
    }

    /// Whether a line of this kind is to be shown now. To be called after `ended`.
    mutating func admits(_ kind: Kind, at now: ContinuousClock.Instant) -> Bool {
        guard let window = windows[kind], now < window.end else {
            windows[kind] = Window(end: now + interval)
            return true
        }
        windows[kind]?.suppressed += 1
        return false
    }

    /// Kinds of which lines were held back and whose interval is over, with how many; each is told once.
    mutating func ended(at now: ContinuousClock.Instant) -> [(kind: Kind, suppressed: Int)] {
        var ended: [(kind: Kind, suppressed: Int)] = []
        for (kind, window) in windows where window.end <= now {
            windows[kind] = nil
            if window.suppressed > 0 { ended.append((kind, window.suppressed)) }
        }
        return ended
    }
}
