import Encoding
import Yams

extension SettingSource {
    /// Reads a configuration file.
    /// - Throws: if it cannot be read or is no valid YAML. No other problem can be found then.
    static func file(_ path: String) throws(ConfigurationError) -> SettingSource {
        let text: String
        do {
            text = try TextFile.read(path)
        } catch {
            throw ConfigurationError(description: "configuration file: \(error)")
        }
        return try yaml(text, path: path)
    }

    /// - Parameters:
    ///   - text: text of a configuration file.
    ///   - path: its name in messages.
    static func yaml(_ text: String, path: String) throws(ConfigurationError) -> SettingSource {
        var reading = YAMLReading(path: path)
        try reading.read(text)
        return reading.source
    }
}

/// Reads the settings of one YAML file. Yams' own error messages contain the surrounding text, which may be a secret, so they are not used.
private struct YAMLReading {
    let path: String
    var source = SettingSource()

    /// The description of a missing value, or of text that YAML does not parse as one.
    private static let empty = "left empty; a value that begins with #, !, & or * must be quoted"

    init(path: String) {
        self.path = path
    }

    mutating func read(_ text: String) throws(ConfigurationError) {
        let foreign = YAMLIndicators.found(in: text)
        guard foreign.isEmpty else {
            throw ConfigurationError(foreign.map { ConfigurationProblem("\($0)", at: .file(path: path, line: $0.line)) })
        }
        let root: Node?
        do {
            root = try Parser(yaml: text).singleRoot()
        } catch {
            throw ConfigurationError([fault(error)])
        }
        switch root {
        case .mapping(let mapping): read(mapping, below: "")
        case .sequence: throw refused("must hold sections (node:, http:, …), not a list")
        case nil: throw refused("is empty; it must hold sections (node:, http:, …) like Config/node.yaml")
        case .scalar(let scalar) where isNothing(scalar):
            throw refused("is empty; it must hold sections (node:, http:, …) like Config/node.yaml")
        case .scalar, .alias: throw refused("must hold sections (node:, http:, …), not a text")
        }
    }

    private mutating func read(_ mapping: Node.Mapping, below section: String) {
        for (name, node) in mapping {
            let origin = SettingOrigin.file(path: path, line: name.mark?.line ?? 0)
            guard case .scalar(let scalar) = name else {
                source.faults.append(ConfigurationProblem("a key must be a text", at: origin))
                continue
            }
            let key = section.isEmpty ? scalar.string : "\(section).\(scalar.string)"
            if Settings.byKey[key] != nil {
                if source.values.updateValue(GivenValue(value: value(of: node), origin: origin), forKey: key) != nil {
                    source.faults.append(ConfigurationProblem(key: key, "\(key) stands there more than once", at: origin))
                }
            } else if Settings.sections.contains(key) {
                switch node {
                case .mapping(let mapping): read(mapping, below: key)
                case .scalar(let scalar) where isNothing(scalar): break
                default:
                    source.faults.append(
                        ConfigurationProblem(key: key, "\(key) is a section: its settings stand below it, indented", at: origin))
                }
            } else {
                let isAlone = value(of: node) == .other(YAMLReading.empty)
                source.unknown.add(at: origin) {
                    let similar = YAMLReading.similar(to: key)
                    let name = YAMLReading.shown(scalar.string, isAlone: isAlone && similar.isEmpty)
                    return (name.map { section.isEmpty ? $0 : "\(section).\($0)" }, similar)
                }
            }
        }
    }

    /// The printable form of an unknown key. A key without a value may itself be a misplaced secret, so only a key with a value is printed.
    private static func shown(_ key: String, isAlone: Bool) -> String? {
        guard let name = ForeignText.name(key), isAlone else { return ForeignText.name(key) }
        return name.hasSuffix("…") && name.dropLast().allSatisfy { $0.isLowercase || $0 == "." || $0 == "_" } ? name : nil
    }

    private func value(of node: Node) -> WrittenValue {
        switch node {
        case .scalar(let scalar): return isNothing(scalar) ? .other(YAMLReading.empty) : .text(scalar.string)
        case .mapping: return .other("a section")
        case .alias: return .other("an alias")
        case .sequence(let sequence):
            var entries: [String] = []
            for (index, node) in sequence.enumerated() {
                guard case .scalar(let scalar) = node, !isNothing(scalar) else {
                    return .other("a list whose entry \(index + 1) is no text")
                }
                entries.append(scalar.string)
            }
            return .list(entries)
        }
    }

    /// Whether it is `key:` without a value, or a plain null.
    private func isNothing(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Settings and sections with a similar name, or settings with the same name in another section.
    private static func similar(to key: String) -> [String] {
        let close = SimilarNames.names(to: key, among: Settings.sections.union(Settings.byKey.keys))
        guard close.isEmpty else { return close }
        let end = "." + (key.split(separator: ".").last ?? "")
        return Settings.byKey.keys.filter { $0.hasSuffix(end) }.sorted()
    }

    private func refused(_ text: String) -> ConfigurationError { ConfigurationError(description: "the configuration file \(path) \(text)") }

    private func fault(_ error: any Error) -> ConfigurationProblem {
        let what = "this is not valid YAML"
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return ConfigurationProblem("\(what): \(problem)", at: .file(path: path, line: mark.line))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.prefix(UnknownNames.maxListed).map { ForeignText.name($0).map { "'\($0)'" } ?? "a key that is no name" }
            return ConfigurationProblem(
                "\(names.joined(separator: ", ")) stands more than once in its section", at: .file(path: path, line: context.mark.line))
        case .reader(let problem, _, _, _): return ConfigurationProblem("\(path): \(what): \(problem)")
        default: return ConfigurationProblem("\(path): \(what)")
        }
    }
}
