/// Finds YAML features that our files do not use: tags, and aliases and anchors, with which a few bytes can expand to millions of nodes. An
/// unquoted value that begins with one of their characters is one of them, not text.
package enum YAMLIndicators {
    /// The indicators, by their first character.
    package enum Indicator: Character, Sendable {
        /// A reference to a node elsewhere in the text.
        case alias = "*"
        /// A name of a node for aliases.
        case anchor = "&"
        /// The type of a node.
        case tag = "!"
    }

    /// The first occurrence of an indicator.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        /// The indicator.
        package let indicator: Indicator
        /// The line, from 1.
        package let line: Int

        /// What to change in the file, without any of its text.
        package var description: String {
            "what begins with \(indicator.rawValue) must be quoted: it would be an \(name) of YAML, which is not supported here"
        }

        private var name: String {
            switch indicator {
            case .alias: "alias"
            case .anchor: "anchor"
            case .tag: "explicit tag"
            }
        }
    }

    /// The first occurrence of each kind, in the order of lines. Takes time proportional to the text.
    package static func found(in text: String) -> [Finding] {
        var scanner = YAMLScanner(text)
        return scanner.run()
    }
}

/// Splits a text into tokens as libyaml does, so that quotes, comments, plain and block scalars may hold any character. Invalid YAML is
/// skipped, because the parser that composes the text refuses it.
private struct YAMLScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var column = 0
    /// The number of open brackets and braces.
    private var flowLevel = 0
    /// Columns of the enclosing block collections, ascending.
    private var indents: [Int] = []
    /// The column on this line of a token that may be a key.
    private var keyColumn: Int?
    private var findings: [YAMLIndicators.Finding] = []

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func run() -> [YAMLIndicators.Finding] {
        while true {
            skipToToken()
            guard !isAtEnd else { return findings }
            if flowLevel == 0 {
                while indent > column { indents.removeLast() }
            }
            scanToken()
        }
    }

    // MARK: Looking

    /// The byte at the position or `ahead` of it; the null character after the end.
    private func peek(_ ahead: Int = 0) -> UnicodeScalar {
        let index = position + ahead
        return index < bytes.count ? UnicodeScalar(bytes[index]) : "\0"
    }

    private var isAtEnd: Bool { peek() == "\0" }

    private var indent: Int { indents.last ?? -1 }

    private func isBlank(_ ahead: Int = 0) -> Bool { peek(ahead) == " " || peek(ahead) == "\t" }

    /// The length of the line break in bytes; 0 if there is none.
    private func breakLength(_ ahead: Int = 0) -> Int {
        switch (peek(ahead), peek(ahead + 1), peek(ahead + 2)) {
        case ("\r", "\n", _), ("\u{C2}", "\u{85}", _): 2
        case ("\r", _, _), ("\n", _, _): 1
        case ("\u{E2}", "\u{80}", "\u{A8}"), ("\u{E2}", "\u{80}", "\u{A9}"): 3
        default: 0
        }
    }

    private func endsWord(_ ahead: Int = 0) -> Bool { isBlank(ahead) || breakLength(ahead) > 0 || peek(ahead) == "\0" }

    /// Whether the line is a document marker, `---` or `...`.
    private var isDocumentMarker: Bool {
        guard column == 0, endsWord(3) else { return false }
        let marks: [UnicodeScalar] = ["-", "."]
        return marks.contains { mark in (0..<3).allSatisfy { peek($0) == mark } }
    }

    private var isFlowIndicator: Bool {
        switch peek() {
        case ",", "[", "]", "{", "}": true
        default: false
        }
    }

    /// Whether a plain scalar ends here.
    private var endsPlainScalar: Bool { (peek() == ":" && endsWord(1)) || (flowLevel > 0 && isFlowIndicator) }

    // MARK: Going on

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < bytes.count {
            // Columns are characters.
            if bytes[position] & 0xC0 != 0x80 { column += 1 }
            position += 1
        }
    }

    private mutating func advanceOverBreak() {
        position += breakLength()
        line += 1
        column = 0
    }

    private mutating func skipLine() {
        while !isAtEnd, breakLength() == 0 { advance() }
    }

    private mutating func skipToToken() {
        while true {
            // A byte order mark may begin a line.
            if column == 0, peek() == "\u{EF}", peek(1) == "\u{BB}", peek(2) == "\u{BF}" { advance(3) }
            while isBlank() { advance() }
            if peek() == "#" { skipLine() }
            guard breakLength() > 0 else { return }
            advanceOverBreak()
            if flowLevel == 0 { keyColumn = nil }
        }
    }

    /// Begins a block collection at this column, unless it has begun.
    private mutating func roll(_ column: Int) {
        if indent < column { indents.append(column) }
        keyColumn = nil
    }

    /// Notes the start of a token that may be a key.
    private mutating func beginNode() {
        if flowLevel == 0, keyColumn == nil { keyColumn = column }
    }

    private mutating func note(_ indicator: YAMLIndicators.Indicator) {
        guard !findings.contains(where: { $0.indicator == indicator }) else { return }
        findings.append(YAMLIndicators.Finding(indicator: indicator, line: line))
    }

    // MARK: Tokens

    private mutating func scanToken() {
        if column == 0, peek() == "%" { return skipLine() }
        if isDocumentMarker {
            indents = []
            keyColumn = nil
            return advance(3)
        }
        switch peek() {
        case "[", "{":
            beginNode()
            flowLevel += 1
            advance()
        case "]", "}":
            flowLevel = max(0, flowLevel - 1)
            advance()
        case ",": advance()
        case "-" where endsWord(1), "?" where flowLevel > 0 || endsWord(1):
            if flowLevel == 0 { roll(column) }
            advance()
        case ":" where flowLevel > 0 || endsWord(1):
            if flowLevel == 0 { roll(keyColumn ?? column) }
            advance()
        case "*": scanName(.alias)
        case "&": scanName(.anchor)
        case "!": scanTag()
        case "|" where flowLevel == 0, ">" where flowLevel == 0: scanBlockScalar()
        case "'": scanSingleQuoted()
        case "\"": scanDoubleQuoted()
        default: scanPlain()
        }
    }

    private mutating func scanName(_ indicator: YAMLIndicators.Indicator) {
        note(indicator)
        beginNode()
        repeat { advance() } while isNameByte
    }

    private var isNameByte: Bool {
        switch peek() {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
        default: false
        }
    }

    private mutating func scanTag() {
        note(.tag)
        beginNode()
        repeat { advance() } while !endsWord() && !(flowLevel > 0 && isFlowIndicator)
    }

    private mutating func scanSingleQuoted() {
        beginNode()
        advance()
        while !isAtEnd {
            if breakLength() > 0 {
                advanceOverBreak()
            } else if peek() != "'" {
                advance()
            } else if peek(1) == "'" {
                advance(2)
            } else {
                return advance()
            }
        }
    }

    private mutating func scanDoubleQuoted() {
        beginNode()
        advance()
        while !isAtEnd {
            if breakLength() > 0 {
                advanceOverBreak()
            } else if peek() == "\\" {
                advance(breakLength(1) > 0 ? 1 : 2)
            } else if peek() == "\"" {
                return advance()
            } else {
                advance()
            }
        }
    }

    /// Skips words up to `: `, a comment, a flow indicator, or a line that is not indented enough.
    private mutating func scanPlain() {
        beginNode()
        repeat {
            repeat { advance() } while !endsWord() && !endsPlainScalar
            while isBlank() || breakLength() > 0 {
                guard breakLength() > 0 else {
                    advance()
                    continue
                }
                advanceOverBreak()
                if flowLevel == 0 { keyColumn = nil }
            }
            if flowLevel == 0, column <= indent { return }
        } while !isAtEnd && peek() != "#" && !isDocumentMarker && !endsPlainScalar
    }

    /// Skips a block scalar: a header, then lines indented at least as far as the header or the first of them requires.
    private mutating func scanBlockScalar() {
        advance()
        var depth: Int?
        header: while true {
            switch peek() {
            case "1"..."9": depth = max(indent, 0) + Int(peek().value - 0x30)
            case "+", "-": break
            default: break header
            }
            advance()
        }
        skipLine()
        if breakLength() > 0 { advanceOverBreak() }
        let widest = skipEmptyLines(upTo: depth)
        let margin = depth ?? max(widest, indent + 1, 1)
        while column == margin, !isAtEnd {
            skipLine()
            if breakLength() > 0 { advanceOverBreak() }
            skipEmptyLines(upTo: margin)
        }
        keyColumn = nil
    }

    /// Skips lines without text and the indentation of the next line.
    /// - Parameter margin: the column where text begins; nil if it is not known yet.
    /// - Returns: the widest indentation.
    @discardableResult
    private mutating func skipEmptyLines(upTo margin: Int?) -> Int {
        var widest = 0
        while true {
            while peek() == " ", column < margin ?? Int.max { advance() }
            widest = max(widest, column)
            guard breakLength() > 0 else { return widest }
            advanceOverBreak()
        }
    }
}
