import Directory
import Encoding
import Kafka
import OCPI
import Topics

/// The query of a list: filters unchanged, and the requested part of the list (OCPI 2.2.1, 4.1.4 Paginated Request).
struct ListQuery: Sendable, Equatable {
    /// All other parameters, verbatim.
    let filters: [Substring]
    /// Decoded names of the filters that have a value.
    private let given: Set<String>
    let offset: Int
    let limit: Int?

    /// - Throws: 2001 for an invalid offset or limit, and if one of them or a date is given twice: of two values some parties use the
    ///   first, others the last.
    init(_ query: String?) throws(OCPIError) {
        var filters: [Substring] = []
        var given: Set<String> = []
        var seen: Set<String> = []
        var offset: Int?
        var limit: Int?
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Recipients decode parameter names, so the check does too.
            let name = PercentText.decoded(String(parts[0]))
            guard !ListQuery.single.contains(name) || seen.insert(name).inserted else {
                throw OCPIError(code: .invalidParameters, message: "\(name) stands twice in the query")
            }
            switch name {
            case "offset": offset = try ListQuery.number(name, parts, from: 0)
            case "limit": limit = try ListQuery.number(name, parts, from: 1)
            default:
                if parts.count == 2, !parts[1].isEmpty { given.insert(name) }
                filters.append(pair)
            }
        }
        self.filters = filters
        self.given = given
        self.offset = offset ?? 0
        self.limit = limit
    }

    /// The query for another part of the same list.
    func with(offset: Int, limit: Int) -> String { (filters + ["offset=\(offset)", "limit=\(limit)"]).joined(separator: "&") }

    /// The parameters that may be given only once.
    private static let single: Set = ["offset", "limit", "date_from", "date_to"]

    /// Larger than the total of any list, so that a next page can always be requested, and far from overflowing.
    private static let greatest = 1 << 53

    /// Whether a filter of that name has a value.
    func has(_ name: String) -> Bool { given.contains(name) }

    private static func number(_ name: String, _ parts: [Substring], from least: Int) throws(OCPIError) -> Int {
        guard parts.count == 2, let number = Int(parts[1]), least...ListQuery.greatest ~= number else {
            throw OCPIError(code: .invalidParameters, message: "\(name) must be a whole number from \(least) on")
        }
        return number
    }
}
