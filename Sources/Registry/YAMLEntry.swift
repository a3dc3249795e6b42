import Directory
import Encoding
import OCPI
import Yams

/// The values of a YAML mapping by name. A name that is unknown is reported; if it is near one that is missing, its value stands for that
/// one, so that one slip is told once.
struct YAMLFields {
    private var values: [String: Node] = [:]
    private(set) var lines: [String: Int] = [:]
    private(set) var unknown: [RegistryFile.Finding] = []

    /// - Parameters:
    ///   - names: what is known.
    ///   - place: where the mapping stands; nil for the whole file.
    init(_ mapping: Node.Mapping, names: [String], within place: EntryPlace?) {
        var others: [(key: Node, value: Node)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string, names.contains(name) else {
                others.append((key, value))
                continue
            }
            add(name, key, value)
        }
        for (key, value) in others {
            let line = key.mark?.line
            guard let name = key.scalar?.string else {
                let text = "\(place.map(\.description) ?? "the file"): a key must be text, not \(key.kind)"
                unknown.append(RegistryFile.Finding(line: line, text: text))
                continue
            }
            let meant = Similar.names(to: name, among: names)
            let expected = meant.isEmpty ? "; there are \(names.joined(separator: ", "))" : Similar.question(meant)
            let subject =
                ForeignText.name(name).map { (place.map { "\($0)." } ?? "") + "\($0) is unknown" }
                ?? "\(place.map(\.description) ?? "the file"): there is a key that is no name"
            unknown.append(RegistryFile.Finding(line: line, text: subject + expected))
            if meant.count == 1, values[meant[0]] == nil { add(meant[0], key, value) }
        }
    }

    /// Nil if it is not there.
    subscript(name: String) -> Node? { values[name] }

    /// Nil if it is not there or null.
    func value(_ name: String) -> Node? { values[name].flatMap { $0.isNull ? nil : $0 } }

    private mutating func add(_ name: String, _ key: Node, _ value: Node) {
        values[name] = value
        lines[name] = key.mark?.line
    }
}

/// Reads an entry's values, each of its type, and collects what is wrong.
struct YAMLEntry {
    private let fields: YAMLFields
    private let place: EntryPlace
    private let line: Int?
    private(set) var findings: [RegistryFile.Finding]

    init(_ fields: YAMLFields, at place: EntryPlace, line: Int?) {
        self.fields = fields
        self.place = place
        self.line = line
        findings = fields.unknown
    }

    /// By name.
    var lines: [String: Int] { fields.lines }

    mutating func text(_ name: String) -> String? {
        guard fields.value(name) != nil else { return refuse(name, "is missing") }
        return optionalText(name)
    }

    mutating func optionalText(_ name: String) -> String? {
        guard let node = fields.value(name) else { return nil }
        return node.scalar?.string ?? refuse(name, "must be text, not \(node.kind)")
    }

    mutating func flag(_ name: String) -> Bool {
        guard let node = fields.value(name) else { return false }
        guard let scalar = node.scalar, scalar.style == .plain, let value = node.bool else {
            return refuse(name, "must be true or false, not \(node.shown)") ?? false
        }
        return value
    }

    mutating func party(_ name: String) -> PartyID? {
        guard let text = text(name) else { return nil }
        return PartyID(text) ?? refuse(name, "must be like DE-CPO, not '\(ForeignText.shortened(text))'")
    }

    mutating func delivery(_ name: String) -> ServiceDelivery? {
        guard let text = optionalText(name) else { return .push }
        let names = ServiceDelivery.allCases.map(\.rawValue)
        return ServiceDelivery(rawValue: text)
            ?? refuse(name, "must be \(names.joined(separator: " or ")), not '\(ForeignText.shortened(text))'")
    }

    /// Empty if there are none.
    mutating func texts(_ name: String) -> [String] {
        (list(name) ?? []).compactMap { node in node.scalar?.string ?? refuse(name, "must be a list of texts, not of \(node.kind)") }
    }

    /// Empty if there are none; nil if one is no number.
    mutating func numbers(_ name: String) -> [Int]? {
        guard fields.value(name) != nil else { return [] }
        guard let list = list(name) else { return nil }
        let numbers = list.map { node in
            node.scalar.flatMap { $0.style == .plain ? Int(strictly: $0.string) : nil }
                ?? refuse(name, "must be a list of numbers; \(node.shown) is none")
        }
        let found = numbers.compactMap(\.self)
        return found.count == numbers.count ? found : nil
    }

    private mutating func list(_ name: String) -> [Node]? {
        guard let node = fields.value(name) else { return nil }
        return node.sequence.map { Array($0) } ?? refuse(name, "must be a list like [a, b], not \(node.shown)")
    }

    /// - Returns: always nil.
    private mutating func refuse<Value>(_ name: String, _ reason: String) -> Value? {
        let place = EntryPlace(place.section, place.index, name)
        findings.append(RegistryFile.Finding(line: fields.lines[name] ?? line, text: "\(place) \(reason)"))
        return nil
    }
}

extension Node {
    /// Nothing is written, or that there is nothing.
    var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .mapping: "named values"
        case .sequence: "a list"
        case .scalar, .alias: "a single value"
        }
    }

    /// As written, if that is short.
    var shown: String {
        guard let text = scalar?.string, text.count <= 40 else { return kind }
        return "'\(ForeignText.printable(text))'"
    }
}
