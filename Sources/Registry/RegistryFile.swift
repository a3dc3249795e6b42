import Directory
import Encoding
import OCPI
import Yams

/// Parses the text of a registry file into entries, with their positions and faults of form. ``RegistryCheck`` checks their contents.
struct RegistryFile {
    /// A fault and its position.
    struct Finding: Equatable {
        var line: Int?
        var text: String
    }

    /// The position of an entry: its number in the file, because earlier faulty entries are left out here, and its lines.
    private struct Origin {
        let index: Int
        let line: Int?
        let fields: [String: Int]
    }

    /// The name of the source.
    static let source = "file"

    private(set) var entries = RegistryEntries()
    /// The faults of form.
    private(set) var findings: [Finding] = []
    /// The entries that are not in ``entries`` because of faults.
    private(set) var incomplete = KnownEntries()
    private var origins: [RegistrySection: [Origin]] = [:]

    init(_ yaml: String) {
        findings = YAMLIndicators.found(in: yaml).map { Finding(line: $0.line, text: "\($0)") }
        guard findings.isEmpty else { return }
        do {
            try read(compose(yaml: yaml))
        } catch let error as YamlError {
            findings = [Finding(error)]
        } catch {
            findings = [Finding(line: nil, text: ForeignText.shortened("\(error)"))]
        }
    }

    /// A problem of an entry, in words for the author of the file.
    func finding(_ problem: RegistryProblem) -> Finding {
        let origin = origin(of: problem.place)
        let place = origin.map { EntryPlace(problem.place.section, $0.index, problem.place.field) } ?? problem.place
        let earlier = problem.earlier.flatMap { self.origin(of: $0)?.line }.map { ", first in line \($0)" } ?? ""
        let line = problem.place.field.flatMap { origin?.fields[$0] } ?? origin?.line
        return Finding(line: line, text: "\(place): \(problem.reason)\(earlier)")
    }

    private func origin(of place: EntryPlace) -> Origin? {
        guard let origins = origins[place.section], origins.indices.contains(place.index) else { return nil }
        return origins[place.index]
    }

    private mutating func read(_ root: Node?) {
        let sections = RegistrySection.allCases.map(\.rawValue)
        guard let root, !root.isNull, root.mapping?.isEmpty != true else {
            findings.append(Finding(line: nil, text: "the file is empty; a registry without entries is written `nodes: []`"))
            return
        }
        guard let mapping = root.mapping else {
            let text = "the file must consist of \(sections.joined(separator: ", ")), each with a list, not of \(root.kind)"
            findings.append(Finding(line: root.mark?.line, text: text))
            return
        }
        let fields = YAMLFields(mapping, names: sections, within: nil)
        findings += fields.unknown
        for section in RegistrySection.allCases {
            guard let node = fields[section.rawValue] else { continue }
            guard let list = node.sequence else {
                let found = node.isNull ? "; write [] for none" : ", not \(node.kind)"
                let line = node.isNull ? fields.lines[section.rawValue] : node.mark?.line
                findings.append(Finding(line: line, text: "\(section.rawValue) must be a list\(found)"))
                incomplete.add(unread: section)
                continue
            }
            for (index, item) in list.enumerated() { read(item, at: EntryPlace(section, index)) }
        }
    }

    private mutating func read(_ node: Node, at place: EntryPlace) {
        guard let mapping = node.mapping else {
            findings.append(Finding(line: node.mark?.line, text: "\(place) must have named values, not be \(node.kind)"))
            return
        }
        var entry = YAMLEntry(YAMLFields(mapping, names: place.section.fields, within: place), at: place, line: node.mark?.line)
        let isWhole = add(&entry, to: place.section)
        findings += entry.findings
        guard isWhole else { return }
        origins[place.section, default: []].append(Origin(index: place.index, line: node.mark?.line, fields: entry.lines))
    }

    /// - Returns: false if a required value is missing.
    private mutating func add(_ entry: inout YAMLEntry, to section: RegistrySection) -> Bool {
        switch section {
        case .nodes:
            let address = entry.text("operator")
            let url = entry.text("url")
            let dialect = entry.optionalText("dialect") ?? "ocn-1"
            let isVerbatim = entry.flag("verbatim")
            guard let address, let url else {
                incomplete.add(node: address)
                return false
            }
            entries.nodes.append(
                NetworkNode(operatorAddress: address, url: url, dialect: dialect, isVerbatim: isVerbatim, source: RegistryFile.source))
        case .parties:
            let party = entry.party("party")
            let roles = entry.texts("roles")
            let address = entry.optionalText("address")
            let operatorAddress = entry.text("operator")
            guard let party, let operatorAddress else {
                incomplete.add(party: party)
                return false
            }
            entries.parties.append(
                NetworkParty(
                    party: party, roles: roles, partyAddress: address, operatorAddress: operatorAddress, source: RegistryFile.source))
        case .services:
            let provider = entry.party("provider")
            let name = entry.optionalText("name") ?? ""
            let url = entry.optionalText("url")
            let permissions = entry.numbers("permissions")
            let delivery = entry.delivery("delivery")
            guard let provider, let permissions, let delivery else {
                incomplete.add(service: provider)
                return false
            }
            entries.services.append(
                NetworkService(
                    provider: provider, name: name, url: url, permissions: permissions, delivery: delivery, source: RegistryFile.source))
        case .agreements:
            let user = entry.party("user")
            let provider = entry.party("provider")
            guard let user, let provider else { return false }
            entries.agreements.append(Agreement(user: user, provider: provider, source: RegistryFile.source))
        }
        return true
    }
}

extension RegistrySection {
    /// The fields of a section's entries.
    fileprivate var fields: [String] {
        switch self {
        case .nodes: ["operator", "url", "dialect", "verbatim"]
        case .parties: ["party", "roles", "operator", "address"]
        case .services: ["provider", "name", "url", "permissions", "delivery"]
        case .agreements: ["user", "provider"]
        }
    }
}

extension RegistryFile.Finding {
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let context = context.map { "\($0.text) that begins in line \($0.mark.line), " } ?? ""
            self.init(line: mark.line, text: "this is no YAML: \(context)\(problem) (column \(mark.column))")
        case .duplicatedKeysInMapping(let names, let context):
            let shown = names.sorted().prefix(20).map { ForeignText.name($0) ?? "a key that is no name" }
            self.init(line: context.mark.line, text: "\(shown.joined(separator: ", ")) is written twice")
        case .reader(let problem, _, _, _): self.init(line: nil, text: "this is no YAML: \(problem)")
        default: self.init(line: nil, text: "this is no YAML: \(ForeignText.shortened("\(error)"))")
        }
    }
}
