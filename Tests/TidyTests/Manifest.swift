/// What `Package.swift` says about targets, read from its text: running SwiftPM inside a test would wait for its lock.
struct Manifest {
    /// Our Swift modules with their direct dependencies, ours and third-party products alike.
    private(set) var modules: [String: Set<String>] = [:]
    /// Our modules that hold headers of a C library.
    private(set) var systemModules: Set<String> = []
    /// What could not be understood.
    private(set) var problems: [String] = []

    /// All names that a file can import and that are ours.
    var ours: Set<String> { systemModules.union(modules.keys) }

    private enum Token: Equatable {
        case word(String), string(String), sign(Character)
    }

    private var products: [String: String] = [:]

    init(_ text: String) {
        let tokens = Self.tokens(text)
        for index in tokens.indices {
            guard case .word(let word) = tokens[index], index == 0 || tokens[index - 1] != .word("func") else { continue }
            let arguments = Array(tokens[(index + 1)...])
            switch word {
            case "let": readProduct(arguments)
            case "system" where arguments.first == .sign("("):
                if case .string(let name)? = arguments.dropFirst().first { systemModules.insert(name) }
            case "module", "tool", "executableTarget", "target":
                // `target`, `module` and `tool` are only declarations of ours where a name follows as a string.
                if arguments.first == .sign("("), let name = Self.name(arguments) { readModule(name, arguments) }
            default: break
            }
        }
    }

    /// `nioCore = Target.Dependency.product(name: "NIOCore"…`
    private mutating func readProduct(_ tokens: [Token]) {
        guard tokens.count > 10, case .word(let constant) = tokens[0], case .string(let product) = tokens[10] else { return }
        let between: [Token] = [
            .sign("="), .word("Target"), .sign("."), .word("Dependency"), .sign("."), .word("product"), .sign("("),
            .word("name"), .sign(":"),
        ]
        if Array(tokens[1..<10]) == between { products[constant] = product }
    }

    /// `("X"` or `(name: "X"`
    private static func name(_ tokens: [Token]) -> String? {
        if case .string(let name)? = tokens.dropFirst().first { return name }
        guard tokens.count > 3, tokens[1] == .word("name"), tokens[2] == .sign(":"), case .string(let name) = tokens[3] else { return nil }
        return name
    }

    private mutating func readModule(_ name: String, _ tokens: [Token]) {
        var dependencies: Set<String> = []
        var depth = 0
        var isInList = false
        var index = 0
        scan: while index < tokens.count {
            switch tokens[index] {
            case .sign("("): depth += 1
            case .sign(")"):
                depth -= 1
                if depth == 0 { break scan }
            case .sign("["): isInList = true
            case .sign("]"): break scan
            case .string(let dependency) where isInList: dependencies.insert(dependency)
            case .word("product") where isInList:
                // `.product(name: "X", package: "Y")`
                if tokens.count > index + 4, case .string(let product) = tokens[index + 4] { dependencies.insert(product) }
                while index < tokens.count, tokens[index] != .sign(")") { index += 1 }
            case .word(let constant) where isInList:
                if let product = products[constant] {
                    dependencies.insert(product)
                } else {
                    problems.append("\(name): unknown dependency \(constant)")
                }
            default: break
            }
            index += 1
        }
        if modules.updateValue(dependencies, forKey: name) != nil { problems.append("\(name): declared twice") }
    }

    private static func tokens(_ text: String) -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let first = rest.first {
            if rest.hasPrefix("//") {
                rest = rest.drop { !$0.isNewline }
            } else if first == "\"" {
                let content = rest.dropFirst().prefix { $0 != "\"" }
                tokens.append(.string(String(content)))
                rest = rest.dropFirst(content.count + 2)
            } else if first.isLetter || first == "_" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                tokens.append(.word(String(word)))
                rest = rest.dropFirst(word.count)
            } else {
                if !first.isWhitespace { tokens.append(.sign(first)) }
                rest = rest.dropFirst()
            }
        }
        return tokens
    }
}
