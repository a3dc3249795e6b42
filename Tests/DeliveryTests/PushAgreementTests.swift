import Directory
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

/// The agreement must hold when a copy is sent, not only when it was made.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PushAgreementTests {
    @Test("Scenario 37: copies that are queued when their agreement is revoked are withheld, beside records that nobody understands")
    func queuedCopiesAreWithheldWhenTheAgreementIsRevoked() async throws {
        let isUp = Atomic<Bool>(false)
        let environment = try await DeliveryEnvironment(service: { _ in isUp.load(ordering: .relaxed) ? .success : .answer(503, [], "") })
        let provider = try #require(PartyID("DE-BIL"))
        let users = try (0..<20).map { try #require(PartyID("NL-\(100 + $0)")) }
        let (revoked, kept) = (users.prefix(10), users.dropFirst(10))
        // Another process of the node, in which agreements are made and revoked.
        let store = StateStore(
            kafka: environment.kafka.settings, topics: environment.kafka.topics, secrets: Fixture.secrets, logger: environment.kafka.logger)
        try await store.start()
        let writer = StateWriter(
            producer: environment.producer, topics: environment.kafka.topics, store: store, logger: environment.kafka.logger)
        func agreement(_ user: PartyID) -> Fact { .agreement(Agreement(user: user, provider: provider, source: "state")) }
        func ids(_ users: some Collection<PartyID>) -> Set<String> { Set(users.flatMap { user in (0..<3).map { "\(user)-\($0)" } }) }
        let push = try environment.push()
        try await environment.run(push: push) {
            try await writer.write(users.map { .put(agreement($0)) })
            for user in users {
                for number in 0..<3 {
                    var record = try request(.cdrs, .receiver, .post, body: "{}")
                    record.from = user
                    try await environment.copy(record, id: "\(user)-\(number)", key: "\(user)", judgedAt: store.directory.version)
                }
            }
            try await eventually("each object was tried") { Set(environment.service.recorded.compactMap(\.copyID)).count == users.count }
            try await writeNonsense(in: environment)
            try await writer.write(revoked.map { .delete(key: agreement($0).key) })
            try await writeNonsense(in: environment)
            // An acknowledged change reaches every process.
            #expect(await environment.store.catchUp(timeout: .seconds(20)))
            let before = environment.service.recorded.count
            isUp.store(true, ordering: .relaxed)
            try await eventually("everything has ended") { try await finished(push) == users.count * 3 }
            let after = environment.service.recorded[before...].compactMap(\.copyID)
            #expect(ids(kept).isSubset(of: after))
            // Only a call that was running may still arrive.
            #expect(Set(after).intersection(ids(revoked)).allSatisfy { $0.hasSuffix("-0") })
            #expect(Set(environment.service.recorded.compactMap(\.copyID)).isDisjoint(with: ids(revoked).filter { !$0.hasSuffix("-0") }))
            #expect(try await environment.dead().isEmpty, "withheld, not dead")
        }
        await store.stop()
    }

    private func writeNonsense(in environment: DeliveryEnvironment) async throws {
        // Kafka rejects records without a key in a compacted topic.
        for (key, text) in [
            ("agreement/NL-100", "{"), (environment.kafka.isEmbedded ? nil : "", "{}"), ("agreement/NL-100/DE-BIL/x", "[]"),
        ] {
            let record = OutgoingRecord(
                topic: environment.kafka.topics.state, partition: 0, key: key, value: ByteBuffer(string: text), headers: RecordHeaders())
            _ = try await environment.producer.send(record)
        }
    }

    /// The number of committed records, including those finished ahead.
    private func finished(_ push: PushService) async throws -> Int {
        try await push.consumer.committed(push.assignment, timeout: .seconds(5)).reduce(0) { $0 + Int(max(0, $1.offset)) }
    }
}

extension ServerRequest {
    fileprivate var copyID: String? { headers.first(name: "OCN-Copy-ID") }
}
