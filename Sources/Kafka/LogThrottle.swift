/// Admits one line of a kind per interval and counts the others. A value; the caller passes the time.
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

    /// Whether a line of this kind may be written now. Must be called after ``ended(at:)``.
    mutating func admits(_ kind: Kind, at now: ContinuousClock.Instant) -> Bool {
        guard let window = windows[kind], now < window.end else {
            windows[kind] = Window(end: now + interval)
            return true
        }
        windows[kind]?.suppressed += 1
        return false
    }

    /// Kinds whose interval is over, with the number of suppressed lines; each is returned once.
    mutating func ended(at now: ContinuousClock.Instant) -> [(kind: Kind, suppressed: Int)] {
        var ended: [(kind: Kind, suppressed: Int)] = []
        for (kind, window) in windows where window.end <= now {
            windows[kind] = nil
            if window.suppressed > 0 { ended.append((kind, window.suppressed)) }
        }
        return ended
    }
}
