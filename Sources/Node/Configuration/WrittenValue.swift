import Encoding

/// An unparsed value from a source.
package enum WrittenValue: Sendable, Hashable {
    /// Text from a file. A list of it has one entry.
    case text(String)
    /// Text from a flag or an environment variable, which have no lists. A list of it has comma-separated entries.
    case line(String)
    case list([String])
    /// Something that cannot be a value, as text after "not".
    case other(String)

    /// The usual notation of the value.
    var shown: String {
        switch self {
        case .text(let text), .line(let text): text
        case .list(let entries): "[\(entries.joined(separator: ", "))]"
        case .other(let kind): kind
        }
    }

    /// The value as one text.
    /// - Parameter allowed: the permitted values, for the error.
    func oneText(_ allowed: String) throws(ValueRefusal) -> String {
        switch self {
        case .text(let text), .line(let text): return text
        case .list: throw ValueRefusal("be \(allowed)", found: .kind("a list"))
        case .other(let kind): throw ValueRefusal("be \(allowed)", found: .kind(kind))
        }
    }

    /// The value as the entries of a list.
    /// - Parameters:
    ///   - allowed: the permitted values, for the error.
    ///   - entriesMayHoldCommas: if true, a file's text with a comma is refused, because it could be one entry or several.
    func entries(_ allowed: String, entriesMayHoldCommas: Bool) throws(ValueRefusal) -> [String] {
        switch self {
        case .list(let entries): return entries
        case .line(let text): return text.trimmed.isEmpty ? [] : WrittenValue.split(text)
        case .text(let text):
            guard entriesMayHoldCommas else { return WrittenValue.split(text) }
            guard !text.contains(",") else {
                throw ValueRefusal("be \(allowed); a text with a comma could be one entry or more, so write [\"…\", \"…\"]")
            }
            return [text]
        case .other(let kind): throw ValueRefusal("be \(allowed)", found: .kind(kind))
        }
    }

    private static func split(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
    }
}

extension WrittenValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral
{
    package init(stringLiteral text: String) { self = .text(text) }
    package init(integerLiteral number: Int) { self = .text("\(number)") }
    package init(booleanLiteral flag: Bool) { self = .text("\(flag)") }
    package init(arrayLiteral entries: String...) { self = .list(entries) }
}
