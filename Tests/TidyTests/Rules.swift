/// The house rules that can be read off the text. Each function says where a file breaks one.
enum Rules {
    /// Modules of the toolchain; they need no dependency.
    static let toolchain: Set<String> = [
        "Swift", "Synchronization", "Glibc", "Musl", "Darwin", "Dispatch", "Testing", "RegexBuilder",
        "Foundation", "FoundationEssentials", "FoundationNetworking",
    ]

    /// Products that hold modules of other names.
    static let modulesOfProducts: [String: Set<String>] = [
        "Collections": ["Collections", "DequeModule", "HeapModule", "OrderedCollections", "HashTreeCollections", "BitCollections"],
        "Metrics": ["Metrics", "CoreMetrics"],
    ]

    /// Data path and vocabulary: no Foundation.
    static let withoutFoundation: Set<String> = [
        "Encoding", "Instruments", "Kafka", "OCPI", "Notary", "Topics", "Matcher", "Inbound", "Ingress", "Delivery", "Directory",
        "Telemetry",
    ]

    /// May start tasks of their own: somebody has to start the program.
    static let mayStartTasks: Set<String> = ["Node", "Demo", "Bench"]

    /// Touch C, each use with its reason beside it.
    static let touchC: Set<String> = ["Kafka", "Notary", "Encoding"]

    // MARK: Imports

    /// The modules that a file imports, with the lines.
    static func imports(in file: SourceText) -> [(line: Int, module: String)] {
        let access: [Substring] = ["package", "public", "internal", "private", "fileprivate"]
        let kinds: [Substring] = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        var found: [(line: Int, module: String)] = []
        for (line, code) in file.code.enumerated() where code.holds("import") {
            var words = code.split(whereSeparator: \.isWhitespace)[...]
            while let word = words.first, word.hasPrefix("@") || access.contains(word) {
                words = words.dropFirst()
            }
            guard words.first == "import" else { continue }
            words = words.dropFirst()
            if let kind = words.first, kinds.contains(kind) { words = words.dropFirst() }
            if let module = words.first?.prefix(while: { $0 != "." && $0 != ";" }) { found.append((line, String(module))) }
        }
        return found
    }

    /// Imports that the manifest does not declare; the compiler lets through what comes with a dependency of a dependency.
    static func undeclaredImports(in file: SourceText, dependencies: Set<String>) -> [Finding] {
        let declared = dependencies.reduce(into: toolchain) { $0.formUnion(modulesOfProducts[$1] ?? [$1]) }
        return imports(in: file).filter { !declared.contains($0.module) }
            .map { file.finding($0.line, "imports \($0.module), which Package.swift does not list for \(file.module)") }
    }

    /// Dependencies on modules of ours that none of the files imports.
    static func unusedDependencies(of module: String, _ files: [SourceText], in manifest: Manifest) -> [String] {
        let imported = Set(files.flatMap { imports(in: $0).map(\.module) })
        return (manifest.modules[module] ?? []).intersection(manifest.ours).subtracting(imported).sorted()
            .map { "Package.swift lists \($0) for \(module), but no file of it imports that" }
    }

    static func foundation(in file: SourceText) -> [Finding] {
        guard withoutFoundation.contains(file.module) else { return [] }
        return imports(in: file).filter { $0.module.hasPrefix("Foundation") }.map { file.finding($0.line, "imports \($0.module)") }
    }

    // MARK: Concurrency and safety

    /// `Task {`, `Task(`, `Task<…> {`, `Task.detached`, `Task.immediate`.
    static func unstructuredTasks(in file: SourceText) -> [Finding] {
        guard !mayStartTasks.contains(file.module) else { return [] }
        return matches(in: file, of: "Task") { before, after in
            // A type of that name inside another (`HTTPClient.Task`), a result type.
            if before.last == "." || before.hasSuffix("-> ") { return false }
            var rest = after
            if rest.first == "<" {
                var depth = 0
                let end = rest.firstIndex { character in
                    if character == "<" { depth += 1 }
                    if character == ">" { depth -= 1 }
                    return depth == 0
                }
                guard let end else { return false }
                rest = rest[rest.index(after: end)...]
            }
            if rest.hasPrefix(".detached") || rest.hasPrefix(".immediate") { return true }
            let next = rest.first { $0 != " " }
            return next == "{" || rest.first == "("
        }
    }

    /// What takes a guarantee of the compiler away, or adds a queue that nobody sees, stands with its reason.
    static func unexplained(in file: SourceText) -> [Finding] {
        var found: [Finding] = []
        for (line, code) in file.code.enumerated() {
            for word in ["@unchecked Sendable", "nonisolated(unsafe)"] where code.holds(word) && !file.hasCommentBeside(line) {
                found.append(file.finding(line, "\(word) without a reason beside it"))
            }
            if code.holds("actor"), declaration(code)?.keyword == "actor", !file.hasCommentBeside(line) {
                found.append(file.finding(line, "actor without a reason beside it"))
            }
        }
        return found
    }

    /// `try!`, `as!` and `x!`; also types that unwrap themselves.
    static func force(in file: SourceText) -> [Finding] {
        guard !touchC.contains(file.module) else { return [] }
        var found: [Finding] = []
        for (line, code) in file.code.enumerated() where code.holds("!") {
            let bytes = Array(code.utf8)
            for index in bytes.indices.dropFirst() where bytes[index] == UInt8(ascii: "!") {
                guard isWord(bytes[index - 1]) || ")]>?}".utf8.contains(bytes[index - 1]) else { continue }
                let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: " ")
                guard " .),:;]}[({?".utf8.contains(next) else { continue }
                let before = String(decoding: bytes[..<index], as: UTF8.self)
                let word = before.split { !isWord($0.utf8.first ?? 0) }.last ?? ""
                let isKeyword = (word == "try" || word == "as") && before.hasSuffix(word)
                found.append(file.finding(line, isKeyword ? "\(word)!" : "force unwrap"))
            }
        }
        return found
    }

    static func unsafePointers(in file: SourceText) -> [Finding] {
        guard !touchC.contains(file.module) else { return [] }
        var found: [Finding] = []
        for (line, code) in file.code.enumerated() where code.holds("Unsafe") {
            let words = code.split { !isWord($0.utf8.first ?? 0) }
            for word in words where word.hasPrefix("Unsafe") && word.hasSuffix("Pointer") {
                found.append(file.finding(line, "\(word) outside \(touchC.sorted().joined(separator: " and "))"))
            }
        }
        return found
    }

    // MARK: Documentation

    /// Members of conformances whose meaning the protocol states.
    private static let selfExplaining: Set<String> = [
        "description", "debugDescription", "==", "<", "hash(into", "init(stringLiteral", "init(integerLiteral", "init(floatLiteral",
        "init(booleanLiteral", "init(arrayLiteral", "init(dictionaryLiteral", "init(nilLiteral",
        "RawValue", "ArrayLiteralElement", "Key", "Value", "Element", "Index", "Iterator", "AsyncIterator",
        "StringLiteralType", "IntegerLiteralType",
    ]

    static func undocumented(in file: SourceText) -> [Finding] {
        var found: [Finding] = []
        for (line, code) in file.code.enumerated() where code.holds("package") {
            guard let (isPackage, keyword, name) = declaration(code) else {
                // `package import` and plain code are no declarations; anything else would slip through unseen.
                let words = code.split(whereSeparator: \.isWhitespace)
                if words.first == "package", words.count > 1, words[1] != "import" {
                    found.append(file.finding(line, "package declaration that TidyTests cannot read"))
                }
                continue
            }
            guard isPackage, !file.hasDocumentation(line), !selfExplaining.contains(name) else { continue }
            if keyword == "init", isMemberwise(file, line) { continue }
            let shown = name.hasPrefix(keyword) ? name : "\(keyword) \(name)"
            found.append(file.finding(line, "package \(shown) without ///"))
        }
        return found
    }

    /// Whether the initialiser on this line only assigns its parameters to properties of the same name, which document themselves.
    private static func isMemberwise(_ file: SourceText, _ line: Int) -> Bool {
        let text = file.code[line...].joined(separator: "\n")
        var depth = 0
        let opening = text.firstIndex { character in
            if character == "(" || character == "[" { depth += 1 }
            if character == ")" || character == "]" { depth -= 1 }
            return character == "{" && depth == 0
        }
        guard let opening, let end = text[opening...].firstIndex(of: "}") else { return false }
        let statements = text[text.index(after: opening)..<end].split { $0 == "\n" || $0 == ";" }
            .map { $0.split(separator: " ") }.filter { !$0.isEmpty }
        return !statements.isEmpty && statements.allSatisfy { $0.count == 3 && $0[1] == "=" && $0[0] == "self." + $0[2] }
    }

    private static let modifiers: Set<String> = [
        "public", "internal", "private", "fileprivate", "private(set)", "fileprivate(set)", "internal(set)", "package(set)",
        "static", "final", "class", "mutating", "nonmutating", "consuming", "borrowing", "override", "convenience", "required", "indirect",
        "lazy", "weak", "unowned", "nonisolated", "nonisolated(unsafe)", "nonisolated(nonsending)",
        "distributed", "prefix", "postfix", "infix",
    ]
    private static let keywords: Set<String> = [
        "func", "var", "let", "struct", "class", "enum", "protocol", "actor", "subscript", "typealias", "case", "extension",
    ]

    /// What a line declares, if it begins a declaration.
    static func declaration(_ code: String) -> (isPackage: Bool, keyword: String, name: String)? {
        var words = code.split(whereSeparator: \.isWhitespace)[...]
        var isPackage = false
        while let word = words.first.map(String.init) {
            let following = words.dropFirst().first.map(String.init) ?? ""
            // `class` is a modifier before `func` and a keyword before a name.
            let isModifier = modifiers.contains(word) && (word != "class" || keywords.contains(following))
            guard word == "package" || word.hasPrefix("@") || isModifier else { break }
            if word == "package" { isPackage = true }
            words = words.dropFirst()
        }
        guard let first = words.first.map(String.init) else { return nil }
        if first.hasPrefix("init") || first.hasPrefix("subscript") {
            guard let end = first.firstIndex(where: { "(<?[:".contains($0) }) else { return nil }
            let keyword = String(first[..<end])
            guard keyword == "init" || keyword == "subscript" else { return nil }
            return (isPackage, keyword, String(first.prefix { $0 != ":" && $0 != ")" }))
        }
        guard keywords.contains(first), let name = words.dropFirst().first else { return nil }
        let isOperator = name.first.map { "=<>!+-*/&|~".contains($0) } ?? false
        let end = isOperator ? name.firstIndex(of: "(") : name.firstIndex { ":<=,{".contains($0) }
        var text = String(name[..<(end ?? name.endIndex)])
        if first == "func", !isOperator, text.hasPrefix("hash(into") { text = "hash(into" }
        return (isPackage, first, text)
    }

    // MARK: Form

    static func form(of file: SourceText) -> [Finding] {
        var found: [Finding] = []
        if file.lines.count > 450 { found.append(file.finding(450, "\(file.lines.count) lines, more than 450")) }
        for (line, text) in file.lines.enumerated() {
            if text.utf8.contains(UInt8(ascii: "\t")) { found.append(file.finding(line, "tab")) }
            if text.utf8.count > 150, text.count > 150 { found.append(file.finding(line, "\(text.count) columns, more than 150")) }
        }
        return found
    }

    /// Notes of unfinished work.
    static func unfinished(in file: SourceText) -> [Finding] {
        var found: [Finding] = []
        for (line, text) in file.lines.enumerated() {
            for note in ["TO" + "DO", "FIX" + "ME"] where text.holds(note) { found.append(file.finding(line, note)) }
        }
        return found
    }

    // MARK: Text

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "`"), 0x80...: true
        default: false
        }
    }

    /// Places where the word stands by itself and what is before and behind it on the line fits.
    private static func matches(in file: SourceText, of word: String, where fits: (Substring, Substring) -> Bool) -> [Finding] {
        var found: [Finding] = []
        for (line, code) in file.code.enumerated() where code.holds(word) {
            var rest = code[...]
            while let range = rest.firstRange(of: word) {
                let before = code[..<range.lowerBound]
                let after = code[range.upperBound...]
                let standsAlone = !(before.utf8.last.map(isWord) ?? false) && !(after.utf8.first.map(isWord) ?? false)
                if standsAlone, fits(before, after) { found.append(file.finding(line, "unstructured \(word)")) }
                rest = after
            }
        }
        return found
    }
}
