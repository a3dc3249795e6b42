package import Directory
import OCPI

/// The contents of a registry: nodes, parties, services and agreements.
package struct RegistryEntries: Sendable, Equatable {
    /// Nodes and their URLs.
    package var nodes: [NetworkNode] = []
    /// Parties and their nodes.
    package var parties: [NetworkParty] = []
    /// Services and their permissions.
    package var services: [NetworkService] = []
    /// Agreements in force.
    package var agreements: [Agreement] = []

    /// An empty registry.
    package init() {}

    /// The registry entries in `ocn.state`, by key.
    package init(_ directory: Directory) {
        nodes = directory.nodes
        parties = directory.parties
        services = directory.services
        agreements = directory.agreements
    }

    /// The entries as facts, each after those to which it refers.
    package var facts: [Fact] {
        nodes.map(Fact.node) + parties.map(Fact.party) + services.map(Fact.service) + agreements.map(Fact.agreement)
    }

    /// The changes that make `ocn.state` equal to this source.
    ///
    /// Entries of other sources are not changed: one with the same key wins and is reported as a conflict.
    /// - Parameters:
    ///   - directory: the present contents of `ocn.state`.
    ///   - source: the name of this source, as in the entries' `source`.
    package func changes(against directory: Directory, source: String) -> (changes: [FactChange], conflicts: [String]) {
        var changes: [FactChange] = []
        var conflicts: [String] = []
        for fact in facts {
            let existing = directory.fact(fact.key)
            if let other = existing?.registrySource, other != source {
                let remedy = other == RegistryEditor.source ? ": take it away with ocn registry \(fact.registryRemoval)" : ""
                conflicts.append("\(fact.registryName) is already defined by source '\(other)', which wins\(remedy)")
            } else if existing != fact {
                changes.append(.put(fact))
            }
        }
        let wanted = Set(facts.map(\.key))
        let present = RegistryEntries(directory).facts.reversed()
        changes += present.filter { $0.registrySource == source && !wanted.contains($0.key) }.map { .delete(key: $0.key) }
        return (changes, conflicts)
    }
}

extension Fact {
    /// The registry source of an entry; nil for facts from elsewhere.
    package var registrySource: String? {
        switch value {
        case let node as NetworkNode: node.source
        case let party as NetworkParty: party.source
        case let service as NetworkService: service.source
        case let agreement as Agreement: agreement.source
        default: nil
        }
    }

    /// The subcommand of `ocn registry` that removes an entry.
    var registryRemoval: String {
        switch value {
        case let node as NetworkNode: "remove-node \(node.operatorAddress)"
        case let party as NetworkParty: "remove-party \(party.party)"
        case let service as NetworkService: "remove-service \(service.provider)"
        case let agreement as Agreement: "revoke \(agreement.user) \(agreement.provider)"
        default: ""
        }
    }

    /// The name of an entry for people: `party DE-CPO`. Other facts have their key.
    package var registryName: String {
        switch value {
        case let node as NetworkNode: "node \(node.operatorAddress)"
        case let party as NetworkParty: "party \(party.party)"
        case let service as NetworkService: "service of \(service.provider)"
        case let agreement as Agreement: "agreement of \(agreement.user) with \(agreement.provider)"
        default: key
        }
    }
}

extension Directory {
    /// Registry entries that depend on this one, ordered so that they can be removed one after the other.
    package func dependents(of entry: Fact) -> [Fact] {
        let direct: [Fact]
        switch entry.value {
        case let node as NetworkNode: direct = parties.filter { $0.operatorAddress == node.operatorAddress }.map(Fact.party)
        case let party as NetworkParty:
            direct =
                agreements.filter { $0.user == party.party }.map(Fact.agreement) + (service(party.party).map { [.service($0)] } ?? [])
        case let service as NetworkService: direct = agreements.filter { $0.provider == service.provider }.map(Fact.agreement)
        default: direct = []
        }
        var seen: Set<String> = []
        return direct.flatMap { dependents(of: $0) + [$0] }.filter { seen.insert($0.key).inserted }
    }
}
