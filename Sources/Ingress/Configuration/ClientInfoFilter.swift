import Directory
import Encoding
import OCPI

/// `date_from` (inclusive) and `date_to` (exclusive) of a list (OCPI 2.2.1, 4.1.4 Paginated Request). Other parameters are ignored.
struct ClientInfoFilter: Equatable {
    private(set) var from: Timestamp?
    private(set) var to: Timestamp?

    /// - Parameter parameters: `name=value`, percent-encoded.
    /// - Throws: 2001 for a malformed time, or one that is given twice.
    init(_ parameters: [Substring]) throws(OCPIError) {
        for parameter in parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            switch PercentText.decoded(String(parts[0])) {
            case "date_from": from = try ClientInfoFilter.time(parts, unless: from)
            case "date_to": to = try ClientInfoFilter.time(parts, unless: to)
            default: break
            }
        }
    }

    func matches(_ info: ClientInfo) -> Bool {
        if let from, info.lastUpdated < from { return false }
        if let to, info.lastUpdated >= to { return false }
        return true
    }

    private static func time(_ parts: [Substring], unless known: Timestamp?) throws(OCPIError) -> Timestamp {
        guard known == nil else { throw OCPIError(code: .invalidParameters, message: "\(parts[0]) stands twice in the query") }
        guard parts.count == 2, let text = PercentText.strictlyDecoded(parts[1]), let time = Timestamp(rfc3339: text) else {
            throw OCPIError(code: .invalidParameters, message: "\(parts[0]) must be a time like 2026-11-22T13:30:15Z")
        }
        return time
    }
}
