package import Directory
import Encoding
package import OCPI
package import Topics

/// Edits the `state` source: registry entries that are kept in `ocn.state` itself. Refuses the same faults as ``RegistryCheck`` does in a
/// file.
///
/// If the registry is now a file, remaining entries of this source win over the file's, and can only be removed here.
package struct RegistryEditor: Sendable {
    /// The name of this source.
    package static let source = "state"

    /// The result of adding or changing an entry.
    package enum Outcome: Sendable, Equatable {
        /// The entry is new.
        case added
        /// The entry existed with other values.
        case changed(from: Fact)
        /// The entry existed with the same values; nothing was written.
        case unchanged
    }

    private let writer: StateWriter
    private let store: StateStore
    private let topics: TopicProvisioner
    private let registryFile: String?

    /// - Parameters:
    ///   - writer: writes to `ocn.state`.
    ///   - store: this process's follower, read to its end.
    ///   - topics: creates a new service's topic before the service becomes visible.
    ///   - registryFile: the file that is the node's registry; nil if this source is.
    package init(writer: StateWriter, store: StateStore, topics: TopicProvisioner, registryFile: String? = nil) {
        self.registryFile = registryFile
        self.writer = writer
        self.store = store
        self.topics = topics
    }

    // MARK: Adding and changing

    /// Adds or changes a node.
    package func add(_ node: NetworkNode) async throws -> Outcome {
        try check { $0.nodes = [node] }
        return try await put(.node(node))
    }

    /// Adds or changes a party.
    package func add(_ party: NetworkParty) async throws -> Outcome {
        try check { $0.parties = [party] }
        return try await put(.party(party))
    }

    /// Adds or changes a service.
    package func add(_ service: NetworkService) async throws -> Outcome {
        try check { $0.services = [service] }
        try await topics.ensureOutbox(of: service.provider)
        return try await put(.service(service))
    }

    /// Adds the user's agreement to the provider's service.
    package func agree(user: PartyID, provider: PartyID) async throws -> Outcome {
        let agreement = Agreement(user: user, provider: provider, source: RegistryEditor.source)
        try check { $0.agreements = [agreement] }
        return try await put(.agreement(agreement))
    }

    // MARK: Removing

    /// Ends an agreement: later requests are not copied, and waiting copies are withheld.
    package func revoke(user: PartyID, provider: PartyID) async throws {
        _ = try await remove(
            FactKey.agreement(user: user, provider: provider), absent: "\(user) has no agreement with \(provider)", withDependents: false)
    }

    /// Removes a node.
    /// - Parameter withDependents: whether its parties, with their services and agreements, are removed too.
    /// - Returns: the removed dependents.
    /// - Throws: ``RegistryInUse`` if other entries depend on it that are not to be removed.
    package func removeNode(_ operatorAddress: String, withDependents: Bool) async throws -> [Fact] {
        try await remove(
            FactKey.node(operatorAddress), absent: "there is no node of operator \(ForeignText.shortened(operatorAddress))",
            withDependents: withDependents)
    }

    /// Removes a party; like ``removeNode(_:withDependents:)``.
    package func removeParty(_ party: PartyID, withDependents: Bool) async throws -> [Fact] {
        try await remove(FactKey.party(party), absent: "\(party) is not registered", withDependents: withDependents)
    }

    /// Removes a service; like ``removeNode(_:withDependents:)``. Its outbox stays until its records expire.
    package func removeService(_ provider: PartyID, withDependents: Bool) async throws -> [Fact] {
        try await remove(FactKey.service(provider), absent: "\(provider) offers no service", withDependents: withDependents)
    }

    // MARK: Writing

    private func check(_ fill: (inout RegistryEntries) -> Void) throws(RegistryError) {
        if let registryFile { throw RegistryError("this node's registry is the file \(registryFile): edit that file instead") }
        var entries = RegistryEntries()
        fill(&entries)
        let problems = RegistryCheck.problems(in: entries, beside: KnownEntries(store.directory))
        guard problems.isEmpty else { throw RegistryError(problems: problems.map(\.reason)) }
    }

    private func isOwn(_ entry: Fact) -> Bool { entry.registrySource == RegistryEditor.source }

    private func put(_ fact: Fact) async throws(StateError) -> Outcome {
        let existing = store.directory.fact(fact.key)
        guard existing != fact else { return .unchanged }
        try await writer.write([.put(fact)])
        return existing.map { .changed(from: $0) } ?? .added
    }

    private func remove(_ key: String, absent: String, withDependents: Bool) async throws -> [Fact] {
        let directory = store.directory
        guard let entry = directory.fact(key) else { throw RegistryError(absent) }
        guard registryFile == nil || isOwn(entry) else {
            throw RegistryError("\(entry.registryName) comes from the file \(registryFile ?? ""): edit that file instead")
        }
        let dependents = directory.dependents(of: entry)
        guard dependents.isEmpty || withDependents else { throw RegistryInUse(entry: entry, dependents: dependents) }
        // CONTROL would publish the file's entries again.
        let removed = registryFile == nil ? dependents : dependents.filter(isOwn)
        try await writer.write((removed + [entry]).map { .delete(key: $0.key) })
        return removed
    }
}
