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
    private let report: SourceReport

    /// - Parameters:
    ///   - source: what to read.
    ///   - writer: writes to `ocn.state`.
    ///   - store: this process's follower.
    ///   - topics: creates the outbox of a new service before anybody can copy to it.
    ///   - logger: where changes, conflicts and what is wrong with the source are told.
    ///   - onReadiness: told whether the source makes sense, and why not, until it does for the first time.
    package init(
        source: any RegistrySource, writer: StateWriter, store: StateStore, topics: TopicUpkeep, logger: Logger,
        onReadiness: @escaping @Sendable (_ ready: Bool, _ reason: String?) -> Void = { _, _ in }
    ) {
        self.source = source
        self.writer = writer
        self.store = store
        self.topics = topics
        self.logger = logger
        report = SourceReport(source: source.name, logger: logger, onReadiness: onReadiness)
    }

    /// Reads the source once and writes what differs.
    /// - Returns: how many facts changed.
    /// - Throws: ``RegistryError``, which is told already, or what Kafka says; what was published before stays in force.
    package func publish() async throws -> Int {
        let entries = try await read()
        let (changes, conflicts) = entries.changes(against: store.directory, source: source.name)
        report.conflicts(conflicts)
        guard !changes.isEmpty else { return 0 }
        for change in changes {
            guard let service = change.value(as: NetworkService.self) else { continue }
            try await topics.ensureOutbox(of: service.provider)
        }
        try await writer.write(changes)
        logger.info("registry published", metadata: ["source": "\(source.name)", "changes": "\(changes.count)"])
        return changes.count
    }

    /// Reads the source once, for whoever does not lead: it may lead next.
    /// - Returns: whether it makes sense.
    package func check() async -> Bool {
        do throws(RegistryError) {
            _ = try await read()
            return true
        } catch {
            return false  // told
        }
    }

    private func read() async throws(RegistryError) -> RegistryEntries {
        do throws(RegistryError) {
            let entries = try await source.entries(beside: store.directory)
            report.read()
            return entries
        } catch {
            report.failed(error)
            throw error
        }
    }
}
