import Foundation

/// A Swift file, line by line, with what is code told apart from comments and the insides of string literals.
struct SourceText {
    /// Below the project's folder: `Sources/Encoding/Hex.swift`.
    let path: String
    let lines: [String]
    /// The same lines with blanks in place of comments and of text in string literals; interpolations stay.
    let code: [String]
    /// The same lines with blanks in place of everything but comments.
    let comments: [String]

    init(path: String, _ text: String) {
        var lexer = Lexer(text)
        lexer.run()
        self.path = path
        self.lines = Self.split(Array(text.utf8))
        self.code = Self.split(lexer.code)
        self.comments = Self.split(lexer.comments)
    }

    /// `Encoding` for a file in `Sources/Encoding`, `Soak` for one in `Sources/Tools/Soak`, `EncodingTests` for one in `Tests/EncodingTests`.
    var module: String {
        let folders = path.split(separator: "/").dropLast()
        let isTool = folders.starts(with: ["Sources", "Tools"])
        return folders.dropFirst(isTool ? 2 : 1).first.map(String.init) ?? ""
    }

    func finding(_ line: Int, _ what: String) -> Finding {
        Finding(path: path, line: line + 1, what: what)
    }

    /// Whether the line, or the lines directly above it (attributes may stand between), holds a comment.
    func hasCommentBeside(_ line: Int) -> Bool {
        if !Self.isBlank(comments[line]) { return true }
        guard let above = lineAboveAttributes(of: line) else { return false }
        return Self.isBlank(code[above]) && !Self.isBlank(comments[above])
    }

    /// Whether a `///` line stands directly above the line; attributes may stand between.
    func hasDocumentation(_ line: Int) -> Bool {
        guard let above = lineAboveAttributes(of: line) else { return false }
        return Self.isBlank(code[above]) && lines[above].drop(while: \.isWhitespace).hasPrefix("///")
    }

    private func lineAboveAttributes(of line: Int) -> Int? {
        var above = line - 1
        while above >= 0, code[above].drop(while: \.isWhitespace).hasPrefix("@") { above -= 1 }
        return above >= 0 ? above : nil
    }

    private static func isBlank(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: " ") }
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}

extension String {
    /// Whether the word occurs, compared by bytes: many times faster than `contains`, which compares characters.
    func holds(_ word: String) -> Bool {
        strstr(self, word) != nil
    }
}

/// A place where a rule is broken.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let what: String

    var description: String { "\(path):\(line): \(what)" }
}

/// Tells code, comments and string literals apart. Knows nested comments, raw and multi-line strings and interpolation; not regex literals.
private struct Lexer {
    private let bytes: [UInt8]
    private var index = 0
    private(set) var code: [UInt8]
    private(set) var comments: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
        code = bytes.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
        comments = code
    }

    mutating func run() {
        while index < bytes.count {
            readCode(untilParenthesis: false)
        }
    }

    private mutating func readCode(untilParenthesis: Bool) {
        var depth = 0
        while index < bytes.count {
            if starts(with: "//") {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { keepComment() }
            } else if starts(with: "/*") {
                readBlockComment()
            } else if let hashes = hashesOfString() {
                readString(hashes: hashes)
            } else {
                if bytes[index] == UInt8(ascii: "(") { depth += 1 }
                if bytes[index] == UInt8(ascii: ")") { depth -= 1 }
                keepCode()
                if untilParenthesis, depth == 0 { return }
            }
        }
    }

    private mutating func readBlockComment() {
        var depth = 0
        while index < bytes.count {
            if starts(with: "/*") {
                depth += 1
                keepComment()
            } else if starts(with: "*/") {
                depth -= 1
                keepComment()
            }
            keepComment()
            if depth == 0 { return }
        }
    }

    /// The number of `#` before the quote, if a string literal begins here.
    private func hashesOfString() -> Int? {
        var end = index
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - index : nil
    }

    private mutating func readString(hashes: Int) {
        let marks = String(repeating: "#", count: hashes)
        for _ in 0..<hashes { keepCode() }
        let isMultiline = starts(with: "\"\"\"")
        let quotes = isMultiline ? "\"\"\"" : "\""
        for _ in 0..<quotes.utf8.count { keepCode() }
        while index < bytes.count {
            if starts(with: quotes + marks) {
                for _ in 0..<quotes.utf8.count + hashes { keepCode() }
                return
            }
            if starts(with: "\\" + marks + "(") {
                index += 1 + hashes
                readCode(untilParenthesis: true)
            } else if starts(with: "\\" + marks) {
                index = min(bytes.count, index + hashes + 2)
            } else if !isMultiline, bytes[index] == UInt8(ascii: "\n") {
                return
            } else {
                index += 1
            }
        }
    }

    private func starts(with text: String) -> Bool {
        bytes[index] == text.utf8.first && bytes[index...].starts(with: text.utf8)
    }

    private mutating func keepCode() {
        guard index < bytes.count else { return }
        code[index] = bytes[index]
        index += 1
    }

    private mutating func keepComment() {
        guard index < bytes.count else { return }
        comments[index] = bytes[index]
        index += 1
    }
}
