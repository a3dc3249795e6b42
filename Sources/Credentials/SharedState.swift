package import Directory

/// The shared state as registration needs it. Closures, so that both sides of the handshake are tested without Kafka.
package struct SharedState: Sendable {
    /// The newest snapshot.
    package let directory: @Sendable () -> Directory
    private let writeAll: @Sendable ([FactChange]) async throws(StateError) -> Void

    /// - Parameters:
    ///   - directory: as the property says.
    ///   - write: writes to `ocn.state`, in order, and returns when this process has applied it.
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

    /// Writes to `ocn.state`, in order, and returns when this process has applied it.
    ///
    /// A platform's record counts only if nobody else has changed it since it was read: whoever writes one looks afterwards. What stands instead
    /// is written again at once, with the next revision, so that it is the newest record of its key for everybody. Once: if that is too late
    /// too, then for another change, and the leader looks again.
    package func write(_ changes: [FactChange]) async throws(StateError) {
        try await writeAll(changes)
        let standing = directory().overruledFacts(among: changes)
        if !standing.isEmpty { try await writeAll(standing.map(FactChange.put)) }
    }

    /// Writes many changes, so many at a time, because a write has a time limit. Ends early when the task is cancelled.
    package func write(_ changes: [FactChange], inPortionsOf size: Int) async throws {
        for start in stride(from: 0, to: changes.count, by: size) {
            try Task.checkCancellation()
            try await write(Array(changes[start...].prefix(size)))
        }
    }

    /// Changes a platform's record; what others change at the same time counts too.
    /// - Parameter edit: done again if somebody else was first; done twice, it must change nothing more.
    /// - Returns: the record as it stands then; nil if there is no such platform (any more).
    package func update(_ id: String, _ edit: (inout Platform) -> Void) async throws(StateError) -> Platform? {
        for _ in 0..<SharedState.attempts {
            guard let platform = directory().platform(id: id) else { return nil }
            var edited = platform
            edit(&edited)
            guard edited != platform else { return platform }
            try await write([.put(.platform(platform.changed(edit)))])
        }
        throw StateError(description: "platform \(id) is being changed by others all the time")
    }

    /// How often a change is tried anew because others change the same record.
    static let attempts = 8
}
