package import Directory
import Encoding
import OCPI

/// Entries outside the checked ones to which they may refer.
package struct KnownEntries: Sendable {
    private let directory: Directory?
    private let excluded: String?
    private var nodes: Set<String> = []
    private var parties: Set<PartyID> = []
    private var services: Set<PartyID> = []
    private var unread: Set<RegistrySection> = []

    /// No entries.
    package init() {
        directory = nil
        excluded = nil
    }

    /// The entries in `ocn.state`.
    /// - Parameter source: a source whose entries are left out, because it is being read again.
    package init(_ directory: Directory, except source: String? = nil) {
        self.directory = directory
        excluded = source
    }

    mutating func add(_ entries: RegistryEntries) {
        nodes.formUnion(entries.nodes.map(\.operatorAddress))
        parties.formUnion(entries.parties.map(\.party))
        services.formUnion(entries.services.map(\.provider))
    }

    /// Adds an entry that has other faults, so that references to it are not reported as faults too.
    mutating func add(node: String? = nil, party: PartyID? = nil, service: PartyID? = nil) {
        if let node { nodes.insert(node.lowercased()) }
        if let party { parties.insert(party) }
        if let service { services.insert(service) }
    }

    /// Adds a list that cannot be read, so that all references to it are accepted.
    mutating func add(unread section: RegistrySection) { unread.insert(section) }

    mutating func add(_ others: KnownEntries) {
        nodes.formUnion(others.nodes)
        parties.formUnion(others.parties)
        services.formUnion(others.services)
        unread.formUnion(others.unread)
    }

    func hasNode(of operatorAddress: String) -> Bool {
        nodes.contains(operatorAddress) || unread.contains(.nodes)
            || directory?.node(operator: operatorAddress).map { $0.source != excluded } ?? false
    }

    func hasParty(_ party: PartyID) -> Bool {
        parties.contains(party) || unread.contains(.parties) || directory?.networkParty(party).map { $0.source != excluded } ?? false
    }

    func hasService(of provider: PartyID) -> Bool {
        services.contains(provider) || unread.contains(.services)
            || directory?.service(provider).map { $0.source != excluded } ?? false
    }
}
