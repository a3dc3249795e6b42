package import Directory

/// The shared state as registration needs it. Closures, so that both sides of the handshake are tested without Kafka.
package struct SharedState: Sendable {
    /// The newest snapshot.
    package let directory: @Sendable () -> Directory
    /// Writes to `ocn.state`, in order, and returns when this process has applied it.
    package let write: @Sendable ([Change]) async throws(StateError) -> Void

    /// - Parameters: as the properties say.
    package init(
        directory: @escaping @Sendable () -> Directory, write: @escaping @Sendable ([Change]) async throws(StateError) -> Void
    ) {
        self.directory = directory
        self.write = write
    }

    /// The state in Kafka.
    package init(store: StateStore, writer: StateWriter) {
        self.init(
            directory: { store.directory }, write: { changes throws(StateError) in try await writer.write(changes) })
    }
}
