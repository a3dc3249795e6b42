import Encoding
import NIOCore
import NIOHTTP1
import Outbound

/// Parses `Retry-After` (RFC 9110, 10.2.3): seconds, or a date in one of the three forms of HTTP.
enum RetryAfter {
    /// The delay that the recipient asks for with 429 or 503; nil for other answers. Between 0 and `cap`.
    static func delay(_ response: OutboundResponse, now: Timestamp, cap: TimeAmount) -> TimeAmount? {
        guard response.status == 429 || response.status == 503, let text = response.headers.first(name: "Retry-After") else { return nil }
        return delay(text, now: now).map { min($0, cap) }
    }

    static func delay(_ text: String, now: Timestamp) -> TimeAmount? {
        let text = text.trimming { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            // A number that overflows counts as the maximum.
            return .milliseconds(min(Int64(text) ?? .max, longest / 1000) * 1000)
        }
        guard let date = date(text) else { return nil }
        return .milliseconds(min(max(0, date.milliseconds - now.milliseconds), longest))
    }

    /// A year, so that arithmetic on deadlines cannot overflow.
    private static let longest: Int64 = 366 * 86_400_000

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
    static func date(_ text: String) -> Timestamp? {
        let words = text.split { $0 == " " || $0 == "," || $0 == "-" }
        switch words.count {
        case 6 where words[5] == "GMT": return date(day: words[1], month: words[2], year: words[3], time: words[4])
        case 5: return date(day: words[2], month: words[1], year: words[4], time: words[3])
        default: return nil
        }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func date(day: Substring, month: Substring, year: Substring, time: Substring) -> Timestamp? {
        guard let month = months.firstIndex(where: { $0 == month }), time.utf8.count == 8, let day = Int(day), (1...31).contains(day) else {
            return nil
        }
        // Only the RFC 850 form has two-digit years; they are taken as 20xx.
        let year = year.utf8.count == 2 ? "20\(year)" : String(year)
        return Timestamp(rfc3339: "\(year)-\(two(month + 1))-\(two(day))T\(time)Z")
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension String {
    /// The string without the bytes at both ends that match. Only ASCII bytes may match.
    func trimming(_ matches: (UInt8) -> Bool) -> String {
        var text = utf8[...]
        while let first = text.first, matches(first) { text.removeFirst() }
        while let last = text.last, matches(last) { text.removeLast() }
        return String(Substring(text))
    }
}
