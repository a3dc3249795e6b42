import Foundation
import Testing

/// The pages for people name what is there. Every test lists all that is not.
@Suite struct PagesTests {
    private static let loaded = Result { try Loaded() }
    private let project: Project
    private let root: URL
    /// By path below the root.
    private let pages: [Page]
    private let architecture: Page
    /// Where each file of Sources and Tests is, by its name.
    private let places: [String: [String]]

    private struct Loaded {
        let project: Project
        let root: URL
        let pages: [Page]

        init() throws {
            project = try Project.load()
            let root = try Project.root()
            self.root = root
            let paths =
                ["README.md", "Sources/README.md"] + PagesTests.markdown(in: ".github", root) + PagesTests.markdown(in: "Deploy", root)
            pages = try paths.map { Page(path: $0, try String(contentsOf: root.appending(path: $0), encoding: .utf8)) }
        }
    }

    init() throws {
        let loaded = try Self.loaded.get()
        (project, root, pages) = (loaded.project, loaded.root, loaded.pages)
        architecture = try #require(pages.first { $0.path == "Sources/README.md" })
        places = Dictionary(grouping: (project.sources + project.tests).map(\.path)) {
            $0.split(separator: "/").last.map(String.init) ?? ""
        }
    }

    private static func markdown(in folder: String, _ root: URL) -> [String] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
        return paths.filter { $0.hasSuffix(".md") }.sorted().map { "\(folder)/\($0)" }
    }

    private func expectNone(_ findings: [Finding], _ rule: String) {
        guard !findings.isEmpty else { return }
        Issue.record("\(rule), but:\n\(findings.map { "  \($0)" }.joined(separator: "\n"))")
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root.appending(path: path).path) }

    /// Where a file of that name is, if it is elsewhere.
    private func hint(_ path: String) -> String {
        let found = places[path.split(separator: "/").last.map(String.init) ?? ""] ?? []
        return found.isEmpty ? "" : "; \(found.joined(separator: ", ")) is"
    }

    /// A path as it is written on a page, below the root.
    private func resolved(_ target: String, on page: Page) -> String {
        let folder = page.path.split(separator: "/").dropLast().map(String.init)
        var parts = target.hasPrefix("/") ? [] : folder
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    // MARK: Links

    @Test func linksLeadToWhatIsThere() {
        #expect(pages.map(\.links.count).reduce(0, +) > 100)
        let findings = pages.flatMap { page in
            page.links.compactMap { link -> Finding? in
                let parts = link.target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let path = parts[0].isEmpty ? page.path : resolved(parts[0], on: page)
                guard exists(path) else { return page.finding(link.line, "\(path) is not there\(hint(path))") }
                guard parts.count > 1, let other = pages.first(where: { $0.path == path }), !other.anchors.contains(parts[1]) else {
                    return nil
                }
                return page.finding(link.line, "\(path) has no heading #\(parts[1])")
            }
        }
        expectNone(findings, "relative links lead to files and headings")
    }

    @Test func linksToFilesOfCodeCarryTheirNames() {
        let findings = architecture.links.compactMap { link -> Finding? in
            guard link.target.hasSuffix(".swift"), let file = link.target.split(separator: "/").last?.dropLast(6) else { return nil }
            return file == link.label ? nil : architecture.finding(link.line, "[\(link.label)] leads to \(file)")
        }
        expectNone(findings, "a link to a file says its name")
    }

    // MARK: The architecture

    @Test func theWalksAreThere() {
        for walk in ["The walk of a request", "The walk of a copy", "The walk of a fact"] {
            #expect(architecture.section(walk).links.count > 7, "\(walk)")
        }
    }

    @Test func testsThatHoldTheInvariantsAreThere() {
        let rows = architecture.section("Invariants").lines.enumerated().filter { $0.element.hasPrefix("| **") }
        #expect(rows.count > 10)
        var findings = rows.filter { !$0.element.contains(/`\w+Tests\/\w+`/) }.map { architecture.finding($0.offset, "no test is named") }
        for span in architecture.codeSpans {
            guard let match = span.text.wholeMatch(of: /([A-Z]\w+Tests)\/(\w+)/) else { continue }
            let path = "Tests/\(match.1)/\(match.2).swift"
            if !exists(path) { findings.append(architecture.finding(span.line, "\(path) is not there\(hint(path))")) }
        }
        expectNone(findings, "every invariant names tests that are there")
    }

    @Test func filesThatAreNamedWithoutALinkAreThere() {
        let findings = architecture.codeSpans.compactMap { span -> Finding? in
            guard span.text.wholeMatch(of: /[\w.+\/-]+\.(swift|md|yaml)/) != nil, span.text.contains("/"), !span.text.hasPrefix("MODULE")
            else { return nil }
            guard !exists(span.text), !exists("Sources/\(span.text)") else { return nil }
            return architecture.finding(span.line, "\(span.text) is not there\(hint(span.text))")
        }
        expectNone(findings, "paths between backticks lead to files")
    }

    /// Words of the architecture that are written like types and are none of ours.
    private static let otherWords: Set<String> = ["Mutex", "Link", "Location", "Service", "Examples", "URL"]

    @Test func typesThatAreNamedAreThere() {
        let types = Set(project.sources.flatMap { file in file.code.compactMap { Self.type($0)?.name } })
        let files = Set(project.sources.compactMap { $0.path.split(separator: "/").last?.dropLast(6) }.map(String.init))
        let known = types.union(files).union(project.manifest.ours).union(places.keys.map { String($0.dropLast(6)) })
        let findings = architecture.codeSpans.compactMap { span -> Finding? in
            guard span.text.wholeMatch(of: /[A-Z]\w*[a-z]\w*/) != nil, !known.contains(span.text), !Self.otherWords.contains(span.text)
            else { return nil }
            return project.tests.contains { $0.module == span.text } ? nil : architecture.finding(span.line, "there is no \(span.text)")
        }
        expectNone(findings, "types between backticks are there")
    }

    @Test func everyLockIsListed() {
        var locks: [String: Finding] = [:]
        for file in project.sources {
            let name = file.path.split(separator: "/").last?.dropLast(6) ?? ""
            for (line, code) in file.code.enumerated() where code.holds("Mutex") || code.holds("Monitor") {
                guard let match = code.firstMatch(of: /\b(?:let|var) (\w+)(?::| =) ?(?:Mutex|Monitor)[<(]/) else { continue }
                locks["\(name).\(match.1)"] = file.finding(line, "\(name).\(match.1) is not in the list of locks of \(architecture.path)")
            }
        }
        #expect(locks.count > 50)
        var listed: Set<String> = []
        var findings: [Finding] = []
        for span in architecture.section("Locks").codeSpans where span.text.wholeMatch(of: /[A-Z][\w+]*\.\w+/) != nil {
            listed.insert(span.text)
            if locks[span.text] == nil { findings.append(architecture.finding(span.line, "\(span.text) is no lock")) }
        }
        findings += locks.filter { !listed.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
        expectNone(findings, "the list of locks is the locks there are")
    }

    // MARK: Names

    /// Types of the same name in two modules, and why they have it.
    private static let sharedNames: [String: String] = [
        "Correlation": "two loads number their requests differently, and no module knows both"
    ]

    @Test func aTypeHasItsNameForItself() {
        var places: [String: [String: Finding]] = [:]
        for file in project.sources {
            for (line, code) in file.code.enumerated() where code.first.map({ $0 != " " && $0 != "}" }) ?? false {
                guard let type = Self.type(code) else { continue }
                places[type.name, default: [:]][file.module] = file.finding(line, type.name)
            }
        }
        let shared = places.filter { $0.value.count > 1 }
        let findings = shared.filter { Self.sharedNames[$0.key] == nil }.sorted { $0.key < $1.key }.flatMap { $0.value.values }
        expectNone(findings.sorted { $0.description < $1.description }, "no two modules have a type of the same name")
        #expect(Set(Self.sharedNames.keys).subtracting(shared.keys).sorted() == [], "these names are not shared any more")
    }

    /// The type that a line declares.
    private static func type(_ code: String) -> (keyword: String, name: String)? {
        guard ["struct", "class", "enum", "protocol", "actor", "typealias"].contains(where: code.holds),
            let (_, keyword, name) = Rules.declaration(code),
            ["struct", "class", "enum", "protocol", "actor", "typealias"].contains(keyword)
        else { return nil }
        return (keyword, String(name.prefix { $0 != "<" }))
    }

    // MARK: The rules themselves

    @Test func aPageIsReadAsItIsShown() {
        let page = Page(
            path: "A/B.md",
            """
            # One and `two`, three

            ## Locks
            [a](b.md) and [c](https://d.e), `f.g`
            ```sh
            [h](i) `j`
            ```
            ## Next
            `k` [l](../m.swift#n)
            """)
        #expect(page.links == [.init(line: 3, label: "a", target: "b.md"), .init(line: 8, label: "l", target: "../m.swift#n")])
        #expect(page.codeSpans.map(\.text) == ["two", "f.g", "k"])
        #expect(page.section("Locks").codeSpans.map(\.text) == ["f.g"] && page.section("Locks").codeSpans.map(\.line) == [3])
        #expect(page.anchors == ["one-and-two-three", "locks", "next"])
        #expect(resolved("../m.swift", on: page) == "m.swift" && resolved("c/d", on: page) == "A/c/d")
    }
}
