import Encoding
import Glibc
import Synchronization

/// Prints progress to standard error, once a second, starting in the third second.
final class WaitNotice: Sendable {
    private let what: String
    private let next: Mutex<ContinuousClock.Instant>

    init(_ what: String) {
        self.what = what
        next = Mutex(.now + .seconds(2))
    }

    /// May be called on any thread.
    func report(_ done: Int64, _ total: Int64) {
        let isDue = next.withLock { next in
            let now = ContinuousClock.now
            guard now >= next else { return false }
            next = now + .seconds(1)
            return true
        }
        if isDue { WaitNotice.write("\(what): \(done) of \(total)") }
    }

    /// Prints a line to standard error.
    static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
