package import Credentials
package import Directory
package import Encoding
package import Kafka
import Logging
package import OCPI
import Synchronization
package import Topics

/// Tells platforms and other nodes when a party comes, goes or changes its status (OCPI 2.2.1, 14.2 Push model).
///
/// It compares what is with what was told last, so nothing is lost by a restart or a change of the leader; done twice, everything is told
/// twice. Every news is in `ocn.announce` before it is noted as told. PUSH sends it. Thread-safe.
package final class ClientInfoAnnouncer: Sendable {
    private let hub: PartyID
    private let nodeAddress: String
    private let topics: TopicNames
    private let state: SharedState
    private let maxRecords: Int
    private let send: @Sendable (OutgoingRecord) async throws(KafkaError) -> Void
    /// The version of the state in which there was no news.
    private let quiet = Mutex<Int64?>(nil)

    /// - Parameters:
    ///   - hub: the hub's own party.
    ///   - nodeAddress: operator address of this node. Other nodes are told about its own parties only.
    ///   - topics: the node's topics.
    ///   - state: who is there, and what was told.
    ///   - maxRecords: most records held in memory at once; one news is always told whole.
    ///   - send: returns when Kafka has the record.
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

    /// Tells what is to be told now. Does nothing if the state is the one it looked at last.
    /// - Throws: `KafkaError` or `StateError` if it could not be told or noted; what was not noted is told again the next time.
    package func announce(now: Timestamp = .now) async throws {
        var directory = state.directory()
        guard quiet.withLock({ $0 }) != directory.version else { return }
        let outdated = ClientInfoDiff(directory, hub: hub, nodeAddress: nodeAddress).outdated
        try await state.write(outdated, inPortionsOf: ClientInfoAnnouncer.portion)
        if !outdated.isEmpty { directory = state.directory() }
        let news = ClientInfoDiff(directory, hub: hub, nodeAddress: nodeAddress)
        var differences = news.differences(now: now)[...]
        if differences.isEmpty, outdated.isEmpty { quiet.withLock { $0 = directory.version } }
        // Every news becomes a record per listener.
        let portion = min(max(maxRecords / max(news.listeners, 1), 1), ClientInfoAnnouncer.portion)
        while !differences.isEmpty {
            try Task.checkCancellation()
            let some = differences.prefix(portion)
            differences = differences.dropFirst(portion)
            try await send(some.flatMap { news.announcements(of: $0, now: now) }.map { $0.outgoing(to: topics) })
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

    /// Most news that are told before they are noted.
    private static let portion = 100
    /// Records that wait for Kafka at once.
    private static let concurrency = 64
}

extension ControlService.Duty {
    /// Announces how parties stand, a moment after it changed.
    /// - Parameter store: wakes the duty.
    package static func clientInfo(_ announcer: ClientInfoAnnouncer, store: StateStore) -> ControlService.Duty {
        ControlService.Duty(
            name: "clientinfo",
            pause: {
                let next = store.directory.version + 1
                // Something else may have been written while the duty ran: it is seen the next time, at the latest after the time-out.
                guard await store.wait(for: next, timeout: .milliseconds(500)) else { return }
                // A handshake writes several records: they are looked at together.
                try? await Task.sleep(for: .milliseconds(100))
            },
            run: { try await announcer.announce() })
    }
}
