/// Text that others wrote, made fit for messages.
package enum ForeignText {
    /// More letters than any name has. Keys and passwords made by `openssl rand` are longer than this.
    private static let longestName = 40

    /// Without what would steer a terminal.
    /// - Parameter lines: whether line ends and tabs may stay.
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

    /// The same, cut where it would fill the terminal.
    package static func shortened(_ text: String, to limit: Int = 100) -> String {
        let end = text.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex) ?? text.endIndex
        return printable(text[..<end]) + (end == text.endIndex ? "" : "…")
    }

    /// Whether a text would steer a terminal.
    package static func isPrintable(_ text: String) -> Bool { !text.unicodeScalars.contains(where: steers) }

    /// What of a key looks like a name: letters, digits, `.`, `_` and `-`. The rest may be a value in the wrong place, which may be secret.
    /// - Returns: nil if nothing does, or if it is too long for a name.
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
