import Foundation
import Testing

/// The rules of the house, checked on the source tree. Every test lists the places that break its rule.
@Suite struct TidyTests {
    private static let project = Result { try Project.load() }
    private let project: Project

    init() throws {
        project = try Self.project.get()
    }

    private func expectNone<Findings: Collection>(_ findings: Findings, _ rule: String) where Findings.Element: CustomStringConvertible {
        guard !findings.isEmpty else { return }
        Issue.record("\(rule), but:\n\(findings.map { "  \($0)" }.joined(separator: "\n"))")
    }

    @Test func theManifestIsUnderstood() {
        expectNone(project.manifest.problems, "Package.swift reads as TidyTests expects it")
        #expect(project.manifest.modules.count > 10)
        let folders = Set(project.sources.map(\.module))
        expectNone(project.manifest.modules.keys.filter { !folders.contains($0) }.sorted(), "every module has its folder in Sources")
        expectNone(folders.subtracting(project.manifest.modules.keys).sorted(), "every folder with Swift files in Sources is a module")
    }

    @Test func arrowsGoDown() {
        expectNone(Layers.violations(in: project.manifest), "modules depend on the rows below only")
    }

    @Test func everyImportIsADirectDependency() {
        let findings = project.sources.flatMap {
            Rules.undeclaredImports(in: $0, dependencies: project.manifest.modules[$0.module] ?? [])
        }
        expectNone(findings, "files import what Package.swift lists for their module")
    }

    @Test func everyDependencyOnOursIsImported() {
        let files = Dictionary(grouping: project.sources, by: \.module)
        let findings = project.manifest.modules.keys.sorted().flatMap {
            Rules.unusedDependencies(of: $0, files[$0] ?? [], in: project.manifest)
        }
        expectNone(findings, "Package.swift lists what is imported")
    }

    @Test func vocabularyAndDataPathDoWithoutFoundation() {
        expectNone(project.sources.flatMap(Rules.foundation), "no Foundation in \(Rules.withoutFoundation.sorted())")
    }

    @Test func onlyTheTopStartsTasks() {
        expectNone(project.sources.flatMap(Rules.unstructuredTasks), "tasks are children of a task group or of `async let`")
    }

    @Test func uncheckedSendabilityAndActorsAreExplained() {
        expectNone(project.sources.flatMap(Rules.unexplained), "a comment gives the reason")
    }

    @Test func nothingIsForced() {
        expectNone(project.sources.flatMap(Rules.force), "no try!, as! or force unwrap outside \(Rules.touchC.sorted())")
    }

    @Test func unsafePointersStayWhereCIsTouched() {
        expectNone(project.sources.flatMap(Rules.unsafePointers), "unsafe pointers only in \(Rules.touchC.sorted())")
    }

    @Test func everyPackageDeclarationIsDocumented() {
        expectNone(project.sources.flatMap(Rules.undocumented), "what other modules can use says what it is")
    }

    @Test func metricsAreDeclaredAndListed() throws {
        let users = project.manifest.modules.filter { $0.value.contains("Metrics") }.keys
        #expect(users.sorted() == ["Instruments", "Telemetry", "ocn"], "handles are made from declarations; see Instruments")
        let list = try #require(project.sources.first { $0.path == "Sources/Node/Metrics/ProgramMetrics.swift" })
        let sets = project.sources.flatMap(\.code).compactMap { $0.firstMatch(of: /struct (\w+): .*\bMetricSet\b/)?.1 }
        #expect(sets.count > 5)
        expectNone(sets.filter { set in !list.code.contains { $0.holds("\(set).self") } }, "ProgramMetrics lists every MetricSet")
    }

    @Test func filesAreShortAndNarrow() {
        expectNone((project.sources + project.tests).flatMap(Rules.form), "450 lines, 150 columns, no tabs")
    }

    @Test func nothingIsLeftUnfinished() {
        expectNone((project.sources + project.tests).flatMap(Rules.unfinished), "no notes of unfinished work")
    }
}

/// The source tree that this file belongs to.
struct Project {
    let manifest: Manifest
    let sources: [SourceText]
    let tests: [SourceText]

    private struct NotFound: Error, CustomStringConvertible {
        let description = "no Package.swift of ocn-relay above \(#filePath); OCN_RELAY_ROOT can name its folder"
    }

    static func load() throws -> Project {
        let root = try root()
        return Project(
            manifest: Manifest(try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)),
            sources: try files(in: "Sources", below: root), tests: try files(in: "Tests", below: root))
    }

    /// The folder above the real place of this file whose Package.swift is ours.
    static func root() throws -> URL {
        if let named = ProcessInfo.processInfo.environment["OCN_RELAY_ROOT"] { return URL(filePath: named) }
        var folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path.count > 1 {
            let manifest = try? String(contentsOf: folder.appending(path: "Package.swift"), encoding: .utf8)
            if manifest?.contains("name: \"ocn-relay\"") == true { return folder }
            folder.deleteLastPathComponent()
        }
        throw NotFound()
    }

    private static func files(in folder: String, below root: URL) throws -> [SourceText] {
        let base = root.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter { $0.hasSuffix(".swift") }.sorted()
        return try paths.map { SourceText(path: "\(folder)/\($0)", try String(contentsOf: base.appending(path: $0), encoding: .utf8)) }
    }
}
