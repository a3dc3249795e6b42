import Directory
import Encoding
import OCPI
import Yams

/// Reads the typed values of an entry, and collects its faults.
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

    /// The line of each field, by name.
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

    /// A list of texts; empty if there is none.
    mutating func texts(_ name: String) -> [String] {
        (list(name) ?? []).compactMap { node in node.scalar?.string ?? refuse(name, "must be a list of texts, not of \(node.kind)") }
    }

    /// A list of numbers; empty if there is none, nil if an element is no number.
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

    /// Records a fault.
    /// - Returns: always nil.
    private mutating func refuse<Value>(_ name: String, _ reason: String) -> Value? {
        let place = EntryPlace(place.section, place.index, name)
        findings.append(RegistryFile.Finding(line: fields.lines[name] ?? line, text: "\(place) \(reason)"))
        return nil
    }
}

extension Node {
    /// Whether the value is missing or null.
    var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The type of the value, for messages.
    var kind: String {
        switch self {
        case .mapping: "named values"
        case .sequence: "a list"
        case .scalar, .alias: "a single value"
        }
    }

    /// The value as written, if it is short.
    var shown: String {
        guard let text = scalar?.string, text.count <= 40 else { return kind }
        return "'\(ForeignText.printable(text))'"
    }
}
