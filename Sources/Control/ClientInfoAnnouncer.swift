package import Credentials
package import Directory
package import Encoding
package import Kafka
import Logging
package import OCPI
import Synchronization
package import Topics

/// Announces to platforms and other nodes that a party has joined, left or changed its status (OCPI 2.2.1, 14.2 Push model).
///
/// It compares the present status with the last announced one, so a restart or a change of the leader loses nothing; two concurrent runs
/// announce each change twice. Every announcement is in `ocn.announce` before it is recorded as announced. PUSH delivers it. Thread-safe.
package final class ClientInfoAnnouncer: Sendable {
    private let hub: PartyID
    private let nodeAddress: String
    private let topics: TopicNames
    private let state: SharedState
    private let maxRecords: Int
    private let send: @Sendable (OutgoingRecord) async throws(KafkaError) -> Void
    /// The version of the state without unannounced changes.
    private let announcedVersion = Mutex<Int64?>(nil)

    /// - Parameters:
    ///   - hub: the hub's own party.
    ///   - nodeAddress: operator address of this node. Only its own parties are announced to other nodes.
    ///   - topics: the node's topics.
    ///   - state: the parties, and what was announced of them.
    ///   - maxRecords: the most records held in memory at once; the records of one change are always sent together.
    ///   - send: returns when Kafka has acknowledged the record.
    package init(
        hub: PartyID, nodeAddress: String, topics: TopicNames, state: SharedState, maxRecords: Int = 10_000,
        send: @escaping @Sendable (OutgoingRecord) async throws(KafkaError) -> Void
    ) {
        self.hub = hub
        self.nodeAddress = nodeAddress.lowercased()
        self.topics = topics
        self.state = state
        self.maxRecords = maxRecords
        self.send = send
    }

    /// Announces all changes. Does nothing if the state has not changed since the last run.
    /// - Throws: `KafkaError` or `StateError` if an announcement could not be sent or recorded; the next run repeats it.
    package func announce(now: Timestamp = .now) async throws {
        var directory = state.directory()
        guard announcedVersion.withLock({ $0 }) != directory.version else { return }
        let outdated = ClientInfoDiff(directory, hub: hub, nodeAddress: nodeAddress).outdated
        try await state.write(outdated, inPortionsOf: ClientInfoAnnouncer.portion)
        if !outdated.isEmpty { directory = state.directory() }
        let diff = ClientInfoDiff(directory, hub: hub, nodeAddress: nodeAddress)
        var differences = diff.differences(now: now)[...]
        if differences.isEmpty, outdated.isEmpty { announcedVersion.withLock { $0 = directory.version } }
        // Every change becomes one record per listener.
        let portion = min(max(maxRecords / max(diff.listeners, 1), 1), ClientInfoAnnouncer.portion)
        while !differences.isEmpty {
            try Task.checkCancellation()
            let some = differences.prefix(portion)
            differences = differences.dropFirst(portion)
            try await send(some.flatMap { diff.announcements(of: $0, now: now) }.map { $0.outgoing(to: topics) })
            try await state.write(some.map { .put(.announced($0)) })
        }
    }

    private func send(_ records: [OutgoingRecord]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = records[...]
            for record in rest.prefix(ClientInfoAnnouncer.concurrency) { group.addTask { try await self.send(record) } }
            rest = rest.dropFirst(ClientInfoAnnouncer.concurrency)
            while try await group.next() != nil {
                guard let record = rest.popFirst() else { continue }
                group.addTask { try await self.send(record) }
            }
        }
    }

    /// The most changes that are announced before they are recorded.
    private static let portion = 100
    /// The most unacknowledged records.
    private static let concurrency = 64
}

extension ControlService.Duty {
    /// The duty that announces changed statuses shortly after a change.
    /// - Parameter store: its changes wake the duty.
    package static func clientInfo(_ announcer: ClientInfoAnnouncer, store: StateStore) -> ControlService.Duty {
        ControlService.Duty(
            name: "clientinfo",
            pause: {
                let next = store.directory.version + 1
                // Changes during a run are noticed at the next one, at the latest after the timeout.
                guard await store.wait(for: next, timeout: .milliseconds(500)) else { return }
                // A handshake writes several records, which one run should announce together.
                try? await Task.sleep(for: .milliseconds(100))
            },
            run: { try await announcer.announce() })
    }
}
