import Encoding

/// A value as a source has it, before anybody has asked what it should be.
package enum WrittenValue: Sendable, Hashable {
    /// Text of a file. Where a list is wanted it is one entry.
    case text(String)
    /// Text of a flag or an environment variable, which have no lists. Where a list is wanted, commas separate the entries.
    case line(String)
    case list([String])
    /// What can be no value, in words that stand behind "not".
    case other(String)

    /// As people would write it.
    var shown: String {
        switch self {
        case .text(let text), .line(let text): text
        case .list(let entries): "[\(entries.joined(separator: ", "))]"
        case .other(let kind): kind
        }
    }

    /// The one text that it is.
    /// - Parameter allowed: what may be written, for the refusal.
    func oneText(_ allowed: String) throws(ValueRefusal) -> String {
        switch self {
        case .text(let text), .line(let text): return text
        case .list: throw ValueRefusal("be \(allowed)", found: .kind("a list"))
        case .other(let kind): throw ValueRefusal("be \(allowed)", found: .kind(kind))
        }
    }

    /// The entries of the list that it is.
    /// - Parameters:
    ///   - allowed: what may be written, for the refusal.
    ///   - entriesMayHoldCommas: then a file's text with a comma is refused: it could be one entry or more.
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
