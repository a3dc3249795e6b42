package import Directory
import Encoding
import OCPI

/// What registry entries may refer to besides each other.
package struct KnownEntries: Sendable {
    private let directory: Directory?
    private let excluded: String?
    private var nodes: Set<String> = []
    private var parties: Set<PartyID> = []
    private var services: Set<PartyID> = []
    private var unread: Set<RegistrySection> = []

    /// Nothing.
    package init() {
        directory = nil
        excluded = nil
    }

    /// What `ocn.state` says.
    /// - Parameter source: entries of this source do not count: it says anew what it has to say.
    package init(_ directory: Directory, except source: String? = nil) {
        self.directory = directory
        excluded = source
    }

    mutating func add(_ entries: RegistryEntries) {
        nodes.formUnion(entries.nodes.map(\.operatorAddress))
        parties.formUnion(entries.parties.map(\.party))
        services.formUnion(entries.services.map(\.provider))
    }

    /// An entry that cannot be used for other reasons: what refers to it is not wrong for that.
    mutating func add(node: String? = nil, party: PartyID? = nil, service: PartyID? = nil) {
        if let node { nodes.insert(node.lowercased()) }
        if let party { parties.insert(party) }
        if let service { services.insert(service) }
    }

    /// A list that cannot be read: nobody knows what is in it.
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
