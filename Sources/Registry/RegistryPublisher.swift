package import Directory
package import Logging
package import Topics

/// Publishes what a registry source says in `ocn.state`. Only the leader does this; doing it twice changes nothing.
package struct RegistryPublisher: Sendable {
    private let source: any RegistrySource
    private let writer: StateWriter
    private let store: StateStore
    private let topics: TopicUpkeep
    private let logger: Logger

    /// - Parameters:
    ///   - source: what to read.
    ///   - writer: writes to `ocn.state`.
    ///   - store: this process's follower.
    ///   - topics: creates the outbox of a new service before anybody can copy to it.
    ///   - logger: where changes and conflicts are told.
    package init(source: any RegistrySource, writer: StateWriter, store: StateStore, topics: TopicUpkeep, logger: Logger) {
        self.source = source
        self.writer = writer
        self.store = store
        self.topics = topics
        self.logger = logger
    }

    /// Reads the source once and writes what differs.
    /// - Returns: how many facts changed.
    /// - Throws: when the source cannot be read or Kafka does not take the write; what was published before stays in force.
    package func publish() async throws -> Int {
        let entries = try await source.entries()
        let (changes, conflicts) = entries.changes(against: store.directory, source: source.name)
        for conflict in conflicts { logger.warning("registry entry not published", metadata: ["reason": "\(conflict)"]) }
        guard !changes.isEmpty else { return 0 }
        for case .put(.service(let service)) in changes { try await topics.ensureOutbox(of: service.provider) }
        try await writer.write(changes)
        logger.info("registry published", metadata: ["source": "\(source.name)", "changes": "\(changes.count)"])
        return changes.count
    }
}
