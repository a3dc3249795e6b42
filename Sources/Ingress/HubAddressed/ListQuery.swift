import Directory
import Encoding
import Kafka
import OCPI
import Topics

/// The query of a list: filters as they came, and which part of the list is wanted (OCPI 2.2.1, 4.1.4 Paginated Request).
struct ListQuery: Sendable, Equatable {
    /// Everything else, verbatim.
    let filters: [Substring]
    /// Names of filters that have a value, decoded.
    private let given: Set<String>
    let offset: Int
    let limit: Int?

    /// - Throws: 2001 for an offset or limit that is no number, and for one of these or a date that stands twice: of two values some parties
    ///   take the first, others the last.
    init(_ query: String?) throws(OCPIError) {
        var filters: [Substring] = []
        var given: Set<String> = []
        var seen: Set<String> = []
        var offset: Int?
        var limit: Int?
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Whoever is asked reads names decoded.
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

    /// The same list, another part of it.
    func with(offset: Int, limit: Int) -> String { (filters + ["offset=\(offset)", "limit=\(limit)"]).joined(separator: "&") }

    /// What may stand there once only.
    private static let single: Set = ["offset", "limit", "date_from", "date_to"]

    /// Beyond every list of all, so that a next page can always be asked for; far from overflowing.
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
