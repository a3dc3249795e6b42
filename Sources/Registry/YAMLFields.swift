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
