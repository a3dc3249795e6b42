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
    package func changes(against directory: Directory, source: String) -> (changes: [Change], conflicts: [String]) {
        var changes: [Change] = []
        var conflicts: [String] = []
        var wanted: Set<String> = []
        for fact in facts {
            guard wanted.insert(fact.key).inserted else {
                conflicts.append("\(fact.key) is listed twice")
                continue
            }
            let existing = directory.fact(fact.key)
            if let other = existing?.source, other != source {
                conflicts.append("\(fact.key) is already defined by source '\(other)'")
            } else if existing != fact {
                changes.append(.put(fact))
            }
        }
        let present =
            directory.agreements.map(Fact.agreement) + directory.services.map(Fact.service) + directory.parties.map(Fact.party)
            + directory.nodes.map(Fact.node)
        changes += present.filter { $0.source == source && !wanted.contains($0.key) }.map { .delete(key: $0.key) }
        return (changes, conflicts)
    }
}

extension Fact {
    /// The registry source of an entry; nil for facts that no registry gives.
    fileprivate var source: String? {
        switch self {
        case .node(let node): node.source
        case .party(let party): party.source
        case .service(let service): service.source
        case .agreement(let agreement): agreement.source
        case .platform, .endpoints, .status, .claim, .clientInfo, .announced, .rules, .rule, .leader, .outbox, .outboxDone, .breaker,
            .storeRule:
            nil
        }
    }
}

/// Where registry entries come from. CONTROL reads it and publishes what it says in `ocn.state`.
package protocol RegistrySource: Sendable {
    /// Name of the source, stamped on its entries.
    var name: String { get }
    /// The whole registry as it is now.
    /// - Throws: ``RegistryError`` with what to do about it; the last good entries stay in force.
    func entries() async throws(RegistryError) -> RegistryEntries
}

/// A registry that could not be read or an entry that makes no sense.
package struct RegistryError: Error, Equatable, CustomStringConvertible {
    /// What is wrong and where.
    package let description: String

    /// - Parameter description: what is wrong and where.
    package init(_ description: String) {
        self.description = description
    }
}
