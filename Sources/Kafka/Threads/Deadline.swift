#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A point of the monotonic clock, for C calls that take one or take the remaining milliseconds.
struct Deadline: Sendable {
    private let nanoseconds: Int64

    init(after duration: Duration) {
        let (sum, overflow) = Deadline.now.addingReportingOverflow(duration.clampedNanoseconds)
        nanoseconds = overflow ? .max : sum
    }

    var time: timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }

    /// The remaining time, rounded up; 0 after the deadline.
    var remainingMilliseconds: Int32 {
        let remaining = nanoseconds - Deadline.now
        return remaining <= 0 ? 0 : Int32(clamping: remaining / 1_000_000 + (remaining % 1_000_000 == 0 ? 0 : 1))
    }

    var hasPassed: Bool { Deadline.now >= nanoseconds }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
