import Encoding

/// Reads query strings.
enum Query {
    /// The decoded value of a parameter; nil if it is absent.
    static func value(of name: String, in query: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.first.map(String.init) == name { return parts.count > 1 ? PercentText.decoded(parts[1], plusIsSpace: false) : "" }
        }
        return nil
    }
}
