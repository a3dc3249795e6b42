package import Directory

/// The state operations that registration needs. Closures, so that both sides of the handshake can be tested without Kafka.
package struct SharedState: Sendable {
    /// Returns the newest snapshot.
    package let directory: @Sendable () -> Directory
    private let writeAll: @Sendable ([FactChange]) async throws(StateError) -> Void

    /// - Parameters:
    ///   - directory: returns the newest snapshot.
    ///   - write: writes to `ocn.state`, in order, and returns when this process has applied the changes.
    package init(
        directory: @escaping @Sendable () -> Directory, write: @escaping @Sendable ([FactChange]) async throws(StateError) -> Void
    ) {
        self.directory = directory
        writeAll = write
    }

    /// The state in Kafka.
    package init(store: StateStore, writer: StateWriter) {
        self.init(
            directory: { store.directory }, write: { changes throws(StateError) in try await writer.write(changes) })
    }

    /// Writes to `ocn.state`, in order, and returns when this process has applied the changes.
    ///
    /// A platform's record only counts if no other process has changed it since it was read, so this checks the result. If another record
    /// won, it is written again at once with the next revision, so that it is the newest record of its key for every process. This is done
    /// once: if a further change wins again, the leader repairs it later.
    package func write(_ changes: [FactChange]) async throws(StateError) {
        try await writeAll(changes)
        let standing = directory().overruledFacts(among: changes)
        if !standing.isEmpty { try await writeAll(standing.map(FactChange.put)) }
    }

    /// Writes many changes in portions of the given size, because a write has a time limit. Ends early when the task is cancelled.
    package func write(_ changes: [FactChange], inPortionsOf size: Int) async throws {
        for start in stride(from: 0, to: changes.count, by: size) {
            try Task.checkCancellation()
            try await write(Array(changes[start...].prefix(size)))
        }
    }

    /// Changes a platform's record, in addition to concurrent changes of other processes.
    /// - Parameter edit: repeated if another process was first; must be idempotent.
    /// - Returns: the resulting record; nil if there is no such platform (any more).
    package func update(_ id: String, _ edit: (inout Platform) -> Void) async throws(StateError) -> Platform? {
        for _ in 0..<SharedState.attempts {
            guard let platform = directory().platform(id: id) else { return nil }
            var edited = platform
            edit(&edited)
            guard edited != platform else { return platform }
            try await write([.put(.platform(platform.changed(edit)))])
        }
        throw StateError(description: "platform \(id) is being changed by other processes at the same time")
    }

    /// The most attempts of a change while others change the same record.
    static let attempts = 8
}
