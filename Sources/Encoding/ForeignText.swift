/// Makes text from other sources safe for messages.
package enum ForeignText {
    /// The longest name, in characters. Keys and passwords made by `openssl rand` are longer.
    private static let longestName = 40

    /// Removes characters that control a terminal.
    /// - Parameter lines: whether line ends and tabs are kept.
    package static func printable(_ text: some StringProtocol, lines: Bool = false) -> String {
        var clean = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where lines, "\t" where lines: clean.unicodeScalars.append(scalar)
            case _ where steers(scalar): clean += "\\u{\(String(scalar.value, radix: 16))}"
            default: clean.unicodeScalars.append(scalar)
            }
        }
        return clean
    }

    /// Removes characters that control a terminal, and cuts the text to `limit` characters.
    package static func shortened(_ text: String, to limit: Int = 100) -> String {
        let end = text.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex) ?? text.endIndex
        return printable(text[..<end]) + (end == text.endIndex ? "" : "…")
    }

    /// Whether a text has no characters that control a terminal.
    package static func isPrintable(_ text: String) -> Bool { !text.unicodeScalars.contains(where: steers) }

    /// The part of a key that looks like a name: letters, digits, `.`, `_` and `-`. The rest may be a misplaced value, which may be secret.
    /// - Returns: nil if there is no such part, or it is too long for a name.
    package static func name(_ text: String) -> String? {
        let name = text.unicodeScalars.prefix(while: belongsToName)
        guard !name.isEmpty, name.count <= longestName else { return nil }
        return String(name) + (name.endIndex == text.unicodeScalars.endIndex ? "" : "…")
    }

    private static func belongsToName(_ scalar: UnicodeScalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }

    private static func steers(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
