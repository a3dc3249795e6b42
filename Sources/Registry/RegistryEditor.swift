package import Directory
package import OCPI
package import Topics

/// Edits the `state` source: registry entries that live in `ocn.state` itself.
///
/// Refuses what could not work, e.g. an agreement with a party that offers no service.
package struct RegistryEditor: Sendable {
    /// Name of this source.
    package static let source = "state"

    private let writer: StateWriter
    private let store: StateStore
    private let topics: TopicUpkeep

    /// - Parameters:
    ///   - writer: writes to `ocn.state`.
    ///   - store: this process's follower, read to its end.
    ///   - topics: creates a new service's topic before anybody can copy to it.
    package init(writer: StateWriter, store: StateStore, topics: TopicUpkeep) {
        self.writer = writer
        self.store = store
        self.topics = topics
    }

    /// Adds a node or changes it.
    package func add(_ node: NetworkNode) async throws {
        guard node.operatorAddress.isAddress else { throw RegistryError("the operator must be an address: 0x and 40 hex digits") }
        guard URLJoin.origin(of: node.url) != nil else { throw RegistryError("the node's url must be an http or https URL") }
        try await put(.node(node))
    }

    /// Adds a party or changes it; its node must be known.
    package func add(_ party: NetworkParty) async throws {
        guard store.directory.node(operator: party.operatorAddress) != nil else {
            throw RegistryError("no node of operator \(party.operatorAddress) is registered: add the node first")
        }
        try await put(.party(party))
    }

    /// Publishes a service or changes it; its provider must be known.
    package func add(_ service: NetworkService) async throws {
        guard store.directory.networkParty(service.provider) != nil else {
            throw RegistryError("\(service.provider) is not registered: add the party first")
        }
        guard !service.permissions.isEmpty else { throw RegistryError("a service must ask for at least one permission") }
        try await topics.ensureOutbox(of: service.provider)
        try await put(.service(service))
    }

    /// Records that the user agrees to the provider's service.
    package func agree(user: PartyID, provider: PartyID) async throws {
        guard store.directory.service(provider) != nil else { throw RegistryError("\(provider) offers no service") }
        guard store.directory.networkParty(user) != nil else { throw RegistryError("\(user) is not registered: add the party first") }
        try await put(.agreement(Agreement(user: user, provider: provider, source: RegistryEditor.source)))
    }

    /// Ends an agreement: no later request is copied, and copies that still wait are withheld.
    package func revoke(user: PartyID, provider: PartyID) async throws {
        guard store.directory.hasAgreement(user: user, provider: provider) else {
            throw RegistryError("\(user) has no agreement with \(provider)")
        }
        try await delete(FactKey.agreement(user: user, provider: provider))
    }

    /// Removes a node.
    package func removeNode(_ operatorAddress: String) async throws { try await delete(FactKey.node(operatorAddress)) }
    /// Removes a party.
    package func removeParty(_ party: PartyID) async throws { try await delete(FactKey.party(party)) }
    /// Withdraws a service; its outbox stays until its records expire.
    package func removeService(_ provider: PartyID) async throws { try await delete(FactKey.service(provider)) }

    private func put(_ fact: Fact) async throws {
        try await writer.write([.put(fact)])
    }

    private func delete(_ key: String) async throws {
        guard store.directory.fact(key) != nil else { throw RegistryError("there is no \(key)") }
        try await writer.write([.delete(key: key)])
    }
}
