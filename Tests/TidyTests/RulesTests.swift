import Testing

/// Every rule on a few lines, so that one that never finds anything is noticed.
@Suite struct RulesTests {
    /// `12: what` for each finding.
    private func lines(_ findings: [Finding]) -> [String] {
        findings.map { "\($0.line): \($0.what)" }
    }

    private func file(_ text: String, in module: String = "Ingress") -> SourceText {
        SourceText(path: "Sources/\(module)/File.swift", text)
    }

    // MARK: Code, comments, strings

    @Test func tellsCodeFromCommentsAndStrings() {
        let text = SourceText(
            path: "Sources/A/B.swift",
            ##"""
            let a = "x // y \(f("z")!) \" w" // note
            /* one /* two */ three */ let b = 1
            let c = """
                text! "quoted" \(g!)
                """
            let d = #"raw \(no) " \#(yes)"# + ""
            """##)
        #expect(
            text.code.map { $0.split(separator: " ").joined(separator: " ") } == [
                #"let a = " (f(" ")!) ""#, "let b = 1", #"let c = """"#, "(g!)", #"""""#, ##"let d = #" (yes)"# + """##,
            ])
        #expect(
            text.comments.map { $0.split(separator: " ").joined(separator: " ") }
                == ["// note", "/* one /* two */ three */", "", "", "", ""])
        #expect(text.module == "A")
    }

    @Test(arguments: [
        ("Sources/Encoding/Hex.swift", "Encoding"), ("Sources/Delivery/Push/PushFlow.swift", "Delivery"),
        ("Sources/Tools/Soak/Soak.swift", "Soak"), ("Sources/Tools/Fuzz/Input/Inputs.swift", "Fuzz"),
        ("Tests/TidyTests/Rules.swift", "TidyTests"), ("Tests/Tools/Rules.swift", "Tools"), ("Package.swift", ""),
    ])
    func knowsTheModuleOfAFile(_ path: String, _ module: String) {
        #expect(SourceText(path: path, "").module == module)
    }

    // MARK: Imports

    @Test func findsImportsWithAnyAccessAndKind() {
        let found = Rules.imports(
            in: file(
                """
                import NIOCore
                package import Encoding
                @testable import Kafka
                @preconcurrency public import struct OCPI.PartyID
                internal import Logging // why
                // import Hidden
                let text = "import Nothing"
                """))
        #expect(found.map(\.module) == ["NIOCore", "Encoding", "Kafka", "OCPI", "Logging"])
        #expect(found.map(\.line) == [0, 1, 2, 3, 4])
    }

    @Test func importsMustBeDeclared() {
        let text = file("import Encoding\nimport Synchronization\nimport DequeModule\nimport NIOCore\npackage import Kafka")
        #expect(
            lines(Rules.undeclaredImports(in: text, dependencies: ["Encoding", "Collections"])) == [
                "4: imports NIOCore, which Package.swift does not list for Ingress",
                "5: imports Kafka, which Package.swift does not list for Ingress",
            ])
    }

    @Test func declaredModulesOfOursMustBeImported() {
        let manifest = Manifest(
            #"""
            let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
            module("Encoding"), module("Kafka"), module("Top", ["Encoding", "Kafka", nio])
            """#)
        let files = [file("import Encoding", in: "Top"), file("// import Kafka", in: "Top")]
        #expect(
            Rules.unusedDependencies(of: "Top", files, in: manifest)
                == ["Package.swift lists Kafka for Top, but no file of it imports that"])
    }

    @Test func foundationIsFoundWhereItIsNotWelcome() {
        let text = "import FoundationEssentials\nprivate import Foundation\nimport Encoding"
        #expect(lines(Rules.foundation(in: file(text, in: "Encoding"))) == ["1: imports FoundationEssentials", "2: imports Foundation"])
        #expect(Rules.foundation(in: file(text, in: "Registry")) == [])
    }

    // MARK: Concurrency and safety

    @Test(arguments: [
        "Task { await f() }", "let t = Task.detached { }", "Task(priority: .low) { }", "return Task<Void, Never> { }", "_ = Task{ }",
        "a; Task.immediate { }",
    ])
    func findsUnstructuredTasks(_ code: String) {
        #expect(lines(Rules.unstructuredTasks(in: file("\n" + code))) == ["2: unstructured Task"])
        #expect(Rules.unstructuredTasks(in: file(code, in: "Node")) == [])
    }

    @Test(arguments: [
        "group.addTask { }", "Task.isCancelled", "try await Task.sleep(for: .seconds(1))", "var t: Task<Void, Never>?", "// Task { }",
        "MyTask { }",
        "func f(task: HTTPClient.Task<A>) -> B<C> {", "func f() -> Task<A, B> {", "let t: [Task<A<B>, C>] = a.map { }",
        "await withTaskGroup(of: Void.self) { }",
    ])
    func leavesOtherUsesOfTasksAlone(_ code: String) {
        #expect(Rules.unstructuredTasks(in: file(code)) == [])
    }

    @Test func wantsReasonsBesideWhatIsUnchecked() {
        let text = file(
            """
            final class A: @unchecked Sendable {
            // The lock of B guards it.
            final class B: @unchecked Sendable {
                nonisolated(unsafe) var c = 1
                nonisolated(unsafe) var d = 1  // only the poll thread touches it

            package actor E {
            /// Serialises the admin's edits.
            @available(*, deprecated)
            actor F {
            let actor = factor
            """)
        #expect(
            lines(Rules.unexplained(in: text)) == [
                "1: @unchecked Sendable without a reason beside it", "4: nonisolated(unsafe) without a reason beside it",
                "7: actor without a reason beside it",
            ])
    }

    @Test(arguments: [
        ("let x = y!", "force unwrap"), ("f(y!.z)", "force unwrap"), ("a[0]!", "force unwrap"), ("g()!.h", "force unwrap"),
        ("(y!)", "force unwrap"),
        ("var x: Int!", "force unwrap"), ("[y!, 1]", "force unwrap"), ("\"\\(y!)\"", "force unwrap"), ("let x = try! f()", "try!"),
        ("let x = y as! Int", "as!"),
    ])
    func findsForce(_ code: String, _ what: String) {
        #expect(lines(Rules.force(in: file(code))) == ["1: \(what)"])
        #expect(Rules.force(in: file(code, in: "Kafka")) == [])
    }

    @Test(arguments: ["a != b", "if !a { }", "f(!a, !b)", "// y!", "\"y! \"", "a!==b", "a!=b", "x && !y", "return !(a)"])
    func leavesOtherExclamationMarksAlone(_ code: String) {
        #expect(Rules.force(in: file(code)) == [])
    }

    @Test func findsUnsafePointers() {
        let text = "func f(_ p: UnsafeMutableRawBufferPointer, _ q: UnsafePointer<Int>?) // UnsafePointer\na.withUnsafeReadableBytes { }"
        #expect(
            lines(Rules.unsafePointers(in: file(text))) == [
                "1: UnsafeMutableRawBufferPointer outside Encoding and Kafka and Notary",
                "1: UnsafePointer outside Encoding and Kafka and Notary",
            ])
        #expect(Rules.unsafePointers(in: file(text, in: "Notary")) == [])
    }

    // MARK: Documentation

    @Test func wantsDocumentationOnWhatOthersCanUse() {
        let text = file(
            """
            package import Encoding
            package struct A {
                /// Why.
                package var b: Int
                package let c: Int
                // not a doc comment
                package static func d() {}
                /// Why.
                @discardableResult
                @inlinable package func e() -> Int { 1 }

                package init?(f: Int) {}
                @inlinable package mutating func g() {}
                package subscript(h: Int) -> Int { 1 }
                var i = package

                package class func j() {}
                package typealias K = Int
                package private(set) var l = 1
                package final class M: @unchecked Sendable {}
                package static func + (a: A, b: A) -> A { a }
                package sideways func n()
            }
            """)
        #expect(
            lines(Rules.undocumented(in: text)) == [
                "2: package struct A without ///", "5: package let c without ///", "7: package func d() without ///",
                "12: package init?(f without ///", "13: package func g() without ///", "14: package subscript(h without ///",
                "17: package func j() without ///", "18: package typealias K without ///", "19: package var l without ///",
                "20: package class M without ///", "21: package func + without ///",
                "22: package declaration that TidyTests cannot read",
            ])
    }

    @Test(arguments: [
        "package var description: String {", "package static func == (a: A, b: A) -> Bool {",
        "package static func < (a: A, b: A) -> Bool {",
        "package static func ==(a: A, b: A) -> Bool {", "package func hash(into hasher: inout Hasher) {",
        "package init(stringLiteral value: String) {",
        "package init(dictionaryLiteral elements: (String, Int)...) {", "package typealias RawValue = Int",
    ])
    func conformancesExplainThemselves(_ code: String) {
        #expect(Rules.undocumented(in: file(code)) == [])
    }

    @Test(arguments: [
        "package init(a: Int, b: [Int] = []) {\n    self.a = a\n    self.b = b\n}",
        "package init(\n    a: Int = 0,\n    done: @escaping () -> Void = {}\n) {\n    self.a = a\n    self.done = done\n}",
        "package init(_ a: Int) { self.a = a }",
    ])
    func memberwiseInitialisersExplainThemselves(_ code: String) {
        #expect(Rules.undocumented(in: file(code)) == [])
    }

    @Test(arguments: [
        "package init() {}", "package init(a: Int) {\n    self.b = a\n}", "package init(a: Int) {\n    self.a = a\n    start()\n}",
        "package init(a: String) {\n    self.a = a.lowercased()\n}",
    ])
    func otherInitialisersNeedDocumentation(_ code: String) {
        #expect(lines(Rules.undocumented(in: file(code))).count == 1)
    }

    // MARK: Form

    @Test func findsLongFilesWideLinesAndTabs() {
        let wide = String(repeating: "é", count: 151)
        #expect(lines(Rules.form(of: file("a\tb\n\(wide)\n\(wide.dropFirst())"))) == ["1: tab", "2: 151 columns, more than 150"])
        #expect(lines(Rules.form(of: file(String(repeating: "x\n", count: 451)))) == ["451: 451 lines, more than 450"])
        #expect(Rules.form(of: file(String(repeating: "x\n", count: 450))) == [])
    }

    @Test func findsNotesOfUnfinishedWork() {
        let notes = ["TO" + "DO", "FIX" + "ME"]
        let text = file("// \(notes[0]): later\nlet a = 1 // \(notes[1])")
        #expect(lines(Rules.unfinished(in: text)) == ["1: \(notes[0])", "2: \(notes[1])"])
    }
}
