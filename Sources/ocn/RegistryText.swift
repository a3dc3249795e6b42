import Directory
import Encoding
import Registry

/// The output of `ocn registry`.
enum RegistryText {
    /// Maximum number of entries that are listed by name.
    private static let named = 20

    // MARK: Lists

    static func list(_ facts: [Fact]) -> [String] {
        guard !facts.isEmpty else { return ["The registry is empty. Add a node first: ocn registry add-node --help"] }
        return facts.map { OperatorText.printable(describe($0)) }
    }

    static func json(_ facts: [Fact]) -> String {
        JSONValue.array(facts.map { .object(["key": .string($0.key), "value": $0.json]) }).text
    }

    private static func describe(_ fact: Fact) -> String {
        switch fact.value {
        case let node as NetworkNode: "node       \(node.operatorAddress)  \(node.url)  (\(node.dialect), \(node.source))"
        case let party as NetworkParty:
            "party      \(party.party)  \(party.roles.joined(separator: ","))  at \(party.operatorAddress)  (\(party.source))"
        case let service as NetworkService:
            "service    \(service.provider)  '\(service.name)'  permissions \(service.permissions.map(String.init).joined(separator: ","))"
                + "  \(service.delivery.rawValue)  (\(service.source))"
        case let agreement as Agreement: "agreement  \(agreement.user) -> \(agreement.provider)  (\(agreement.source))"
        default: fact.key
        }
    }

    /// The numbers of entries, like `1 node, 3 parties, 1 service, 2 agreements`.
    static func summary(_ entries: RegistryEntries) -> String {
        [
            count(entries.nodes.count, "node", "nodes"), count(entries.parties.count, "party", "parties"),
            count(entries.services.count, "service", "services"), count(entries.agreements.count, "agreement", "agreements"),
        ].joined(separator: ", ")
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String { "\(number) \(number == 1 ? one : many)" }

    /// Notes on the differences between a registry file and what was published of it.
    static func notes(on source: FileSource, against directory: Directory?) -> [String] {
        do throws(RegistryError) {
            let entries = try source.entries(beside: directory.map { KnownEntries($0, except: source.name) } ?? KnownEntries())
            let waiting = directory.map { entries.changes(against: $0, source: source.name).changes.count } ?? entries.facts.count
            guard waiting > 0 else { return [] }
            return ["\(waiting) changes of that file are not published yet; a process with the role control does that within seconds"]
        } catch {
            let first = error.problems.first ?? ""
            let rest = error.problems.count > 1 ? " and \(error.problems.count - 1) more (ocn registry check)" : ""
            return ["from here, that file cannot be used: \(first)\(rest)"]
        }
    }

    // MARK: Changes

    /// - Parameter added: the message for a new entry.
    static func outcome(_ outcome: RegistryEditor.Outcome, _ fact: Fact, added: String) -> String {
        switch outcome {
        case .added: added
        case .unchanged: "\(fact.registryName) stands so already: nothing was changed"
        case .changed(let old): "\(fact.registryName) is changed: \(differences(from: old, to: fact).joined(separator: "; "))"
        }
    }

    private static func differences(from old: Fact, to new: Fact) -> [String] {
        let (before, after) = (old.json.members ?? [], new.json.members ?? [])
        var names = before.map(\.name)
        names += after.map(\.name).filter { !names.contains($0) }
        return names.compactMap { name in
            let (old, new) = (old.json[name], new.json[name])
            return old == new ? nil : "\(name) was \(old?.text ?? "nothing"), is \(new?.text ?? "nothing")"
        }
    }

    static func removed(_ name: String, with dependents: [Fact]) -> [String] {
        guard !dependents.isEmpty else { return ["\(name) is removed"] }
        return ["\(name) is removed, and with it:"] + names(of: dependents)
    }

    private static func names(of facts: [Fact]) -> [String] {
        let rest = facts.count - named
        return facts.prefix(named).map { "  \($0.registryName)" } + (rest > 0 ? ["  and \(rest) more"] : [])
    }

    // MARK: Refusals

    /// The error as a message for the operator.
    static func refusal(_ error: any Error) -> any Error {
        switch error {
        case let error as RegistryError:
            OperatorError(description: "\(error.problems.joined(separator: "\n       ")). Nothing was changed.")
        case let error as RegistryInUse:
            OperatorError(
                description: """
                    \(error.entry.registryName) is needed by:
                    \(names(of: error.dependents).joined(separator: "\n"))
                    Nothing was changed. Remove these first, or remove them with it: --force
                    """)
        default: error
        }
    }
}
