import Foundation

/// A page in Markdown, line by line, with what can be checked on it.
struct Page {
    /// Below the project's folder: `Sources/README.md`.
    let path: String
    let lines: [String]

    init(path: String, _ text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    struct Link: Equatable {
        let line: Int
        let label: String
        let target: String
    }

    /// Links to places in this project, with the lines they stand in; not those in blocks of code.
    var links: [Link] {
        prose.flatMap { line, text in
            text.matches(of: /\[([^\]]*)\]\(([^)\s]+)\)/).map { Link(line: line, label: String($0.1), target: String($0.2)) }
        }.filter { !$0.target.hasPrefix("http://") && !$0.target.hasPrefix("https://") && !$0.target.hasPrefix("mailto:") }
    }

    /// What stands between backticks, with the lines.
    var codeSpans: [(line: Int, text: String)] {
        prose.flatMap { line, text in text.matches(of: /`([^`]+)`/).map { (line, String($0.1)) } }
    }

    /// The lines below the headings that begin so, up to the next heading of that level.
    func section(_ title: String) -> Page {
        var isInside = false
        let kept = lines.map { line in
            if line.hasPrefix("## ") { isInside = line.dropFirst(3).hasPrefix(title) }
            return isInside ? line : ""
        }
        return Page(path: path, kept.joined(separator: "\n"))
    }

    /// The names by which GitHub lets links lead to headings.
    var anchors: Set<String> {
        Set(
            prose.compactMap { _, text in
                guard text.hasPrefix("#") else { return nil }
                let title = text.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
                return String(title.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : nil })
            })
    }

    func finding(_ line: Int, _ what: String) -> Finding { Finding(path: path, line: line + 1, what: what) }

    /// All lines but those of blocks of code.
    private var prose: [(line: Int, text: String)] {
        var isCode = false
        return lines.enumerated().compactMap { line, text in
            if text.drop(while: \.isWhitespace).hasPrefix("```") {
                isCode.toggle()
                return nil
            }
            return isCode ? nil : (line, text)
        }
    }
}
