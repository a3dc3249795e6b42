import Glibc

/// A time of the wall clock, in milliseconds.
struct LogTime {
    /// `2026-11-22T13:30:15.123Z`
    let text: String

    /// `13:30:15.123`
    var timeOfDay: Substring {
        text.dropFirst(11).dropLast()
    }

    static var now: LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    init(seconds: Int, milliseconds: Int) {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int32, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        let time = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
        text = "\(date)T\(time).\(padded(Int32(clamping: milliseconds), 3))Z"
    }
}
