package import Directory
import OCPI

/// What a registry says: who is on the network, which services there are, and who agreed to them.
package struct RegistryEntries: Sendable, Equatable {
    /// Nodes and where they are.
    package var nodes: [NetworkNode] = []
    /// Parties and whose node they use.
    package var parties: [NetworkParty] = []
    /// Services and what they ask for.
    package var services: [NetworkService] = []
    /// Agreements in force.
    package var agreements: [Agreement] = []

    /// Nothing.
    package init() {}

    /// What `ocn.state` says, by key.
    package init(_ directory: Directory) {
        nodes = directory.nodes
        parties = directory.parties
        services = directory.services
        agreements = directory.agreements
    }

    /// The facts, in an order in which each finds what it refers to.
    package var facts: [Fact] {
        nodes.map(Fact.node) + parties.map(Fact.party) + services.map(Fact.service) + agreements.map(Fact.agreement)
    }

    /// What must be written so that `ocn.state` says the same as this source.
    ///
    /// Entries of other sources are left alone: where one stands under the same key, it wins and is reported.
    /// - Parameters:
    ///   - directory: what `ocn.state` says now.
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
    /// The registry source of an entry; nil for facts that no registry gives.
    package var registrySource: String? {
        switch value {
        case let node as NetworkNode: node.source
        case let party as NetworkParty: party.source
        case let service as NetworkService: service.source
        case let agreement as Agreement: agreement.source
        default: nil
        }
    }

    /// The order of `ocn registry` that removes an entry.
    var registryRemoval: String {
        switch value {
        case let node as NetworkNode: "remove-node \(node.operatorAddress)"
        case let party as NetworkParty: "remove-party \(party.party)"
        case let service as NetworkService: "remove-service \(service.provider)"
        case let agreement as Agreement: "revoke \(agreement.user) \(agreement.provider)"
        default: ""
        }
    }

    /// An entry as people name it: `party DE-CPO`. Other facts have their key.
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
    /// Registry entries that refer to this one, each behind those that refer to it: in this order they can be removed.
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
