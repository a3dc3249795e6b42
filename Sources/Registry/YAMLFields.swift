import Directory
import Encoding
import OCPI
import Yams

/// The values of a YAML mapping by name. An unknown name is reported; if it is similar to a missing one, its value is used for that one, so
/// that one slip causes one message.
struct YAMLFields {
    private var values: [String: Node] = [:]
    private(set) var lines: [String: Int] = [:]
    private(set) var unknown: [RegistryFile.Finding] = []

    /// - Parameters:
    ///   - names: the known names.
    ///   - place: the position of the mapping; nil for the whole file.
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
            let meant = SimilarNames.names(to: name, among: names)
            let expected = meant.isEmpty ? "; there are \(names.joined(separator: ", "))" : SimilarNames.question(meant)
            let subject =
                ForeignText.name(name).map { (place.map { "\($0)." } ?? "") + "\($0) is unknown" }
                ?? "\(place.map(\.description) ?? "the file"): there is a key that is no name"
            unknown.append(RegistryFile.Finding(line: line, text: subject + expected))
            if meant.count == 1, values[meant[0]] == nil { add(meant[0], key, value) }
        }
    }

    /// The value of that name; nil if it is missing.
    subscript(name: String) -> Node? { values[name] }

    /// The value of that name; nil if it is missing or null.
    func value(_ name: String) -> Node? { values[name].flatMap { $0.isNull ? nil : $0 } }

    private mutating func add(_ name: String, _ key: Node, _ value: Node) {
        values[name] = value
        lines[name] = key.mark?.line
    }
}
