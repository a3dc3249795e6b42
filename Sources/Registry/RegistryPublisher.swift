package import Directory
package import Logging
package import Topics

/// Publishes a registry source in `ocn.state`. Only the leader does this; a repetition changes nothing.
package struct RegistryPublisher: Sendable {
    private let source: FileSource
    private let writer: StateWriter
    private let store: StateStore
    private let topics: TopicProvisioner
    private let logger: Logger
    private let report: SourceReport

    /// - Parameters:
    ///   - source: the source.
    ///   - writer: writes to `ocn.state`.
    ///   - store: this process's follower.
    ///   - topics: creates the outbox of a new service before the service becomes visible.
    ///   - logger: reports changes, conflicts and faults of the source.
    ///   - onReadiness: called with the state of the source and the reason, until the source was read for the first time.
    package init(
        source: FileSource, writer: StateWriter, store: StateStore, topics: TopicProvisioner, logger: Logger,
        onReadiness: @escaping @Sendable (_ ready: Bool, _ reason: String?) -> Void = { _, _ in }
    ) {
        self.source = source
        self.writer = writer
        self.store = store
        self.topics = topics
        self.logger = logger
        report = SourceReport(source: source.name, logger: logger, onReadiness: onReadiness)
    }

    /// Reads the source once and writes the differences.
    /// - Returns: the number of changed facts.
    /// - Throws: ``RegistryError``, already logged, or Kafka's error; the entries published before stay in force.
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

    /// Reads the source once without writing, for a process that does not lead but may do so next.
    /// - Returns: whether the source has no faults.
    package func check() async -> Bool {
        do throws(RegistryError) {
            _ = try await read()
            return true
        } catch {
            return false  // logged already
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
