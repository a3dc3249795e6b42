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
        switch self {
        case .node(let node): node.source
        case .party(let party): party.source
        case .service(let service): service.source
        case .agreement(let agreement): agreement.source
        case .platform, .endpoints, .status, .claim, .clientInfo, .announced, .rules, .rule, .leader, .outbox, .outboxDone, .breaker,
            .storeRule, .identity, .process, .origins, .gone:
            nil
        }
    }

    /// The subcommand of `ocn registry` that removes an entry.
    var registryRemoval: String {
        switch self {
        case .node(let node): "remove-node \(node.operatorAddress)"
        case .party(let party): "remove-party \(party.party)"
        case .service(let service): "remove-service \(service.provider)"
        case .agreement(let agreement): "revoke \(agreement.user) \(agreement.provider)"
        default: ""
        }
    }

    /// The name of an entry for people: `party DE-CPO`. Other facts have their key.
    package var registryName: String {
        switch self {
        case .node(let node): "node \(node.operatorAddress)"
        case .party(let party): "party \(party.party)"
        case .service(let service): "service of \(service.provider)"
        case .agreement(let agreement): "agreement of \(agreement.user) with \(agreement.provider)"
        case .platform, .endpoints, .status, .claim, .clientInfo, .announced, .rules, .rule, .leader, .outbox, .outboxDone, .breaker,
            .storeRule, .identity, .process, .origins, .gone:
            key
        }
    }
}

extension Directory {
    /// Registry entries that depend on this one, ordered so that they can be removed one after the other.
    package func dependents(of entry: Fact) -> [Fact] {
        let direct: [Fact]
        switch entry {
        case .node(let node): direct = parties.filter { $0.operatorAddress == node.operatorAddress }.map(Fact.party)
        case .party(let party):
            direct =
                agreements.filter { $0.user == party.party }.map(Fact.agreement) + (service(party.party).map { [.service($0)] } ?? [])
        case .service(let service): direct = agreements.filter { $0.provider == service.provider }.map(Fact.agreement)
        default: direct = []
        }
        var seen: Set<String> = []
        return direct.flatMap { dependents(of: $0) + [$0] }.filter { seen.insert($0.key).inserted }
    }
}
