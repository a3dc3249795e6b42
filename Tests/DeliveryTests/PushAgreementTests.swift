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

/// The agreement counts when a copy is sent, not only when it was made.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PushAgreementTests {
    @Test("Scenario 37: copies that are queued when their agreement is revoked are withheld, beside records that nobody understands")
    func queuedCopiesAreWithheldWhenTheAgreementIsRevoked() async throws {
        let isUp = Atomic<Bool>(false)
        let world = try await DeliveryEnvironment(service: { _ in isUp.load(ordering: .relaxed) ? .success : .answer(503, [], "") })
        let provider = try #require(PartyID("DE-BIL"))
        let users = try (0..<20).map { try #require(PartyID("NL-\(100 + $0)")) }
        let (revoked, kept) = (users.prefix(10), users.dropFirst(10))
        // Another process of the node, in which agreements are made and revoked.
        let store = StateStore(
            kafka: world.kafka.settings, topics: world.kafka.topics, secrets: Fixture.secrets, logger: world.kafka.logger)
        try await store.start()
        let writer = StateWriter(producer: world.producer, topics: world.kafka.topics, store: store, logger: world.kafka.logger)
        func agreement(_ user: PartyID) -> Fact { .agreement(Agreement(user: user, provider: provider, source: "state")) }
        func ids(_ users: some Collection<PartyID>) -> Set<String> { Set(users.flatMap { user in (0..<3).map { "\(user)-\($0)" } }) }
        let push = try world.push()
        try await world.run(push: push) {
            try await writer.write(users.map { .put(agreement($0)) })
            for user in users {
                for number in 0..<3 {
                    var record = try request(.cdrs, .receiver, .post, body: "{}")
                    record.from = user
                    try await world.copy(record, id: "\(user)-\(number)", key: "\(user)", judgedAt: store.directory.version)
                }
            }
            try await eventually("each object was tried") { Set(world.service.recorded.compactMap(\.copyID)).count == users.count }
            try await writeNonsense(in: world)
            try await writer.write(revoked.map { .delete(key: agreement($0).key) })
            try await writeNonsense(in: world)
            // What was acknowledged reaches every process.
            #expect(await world.store.catchUp(timeout: .seconds(20)))
            let before = world.service.recorded.count
            isUp.store(true, ordering: .relaxed)
            try await eventually("everything has ended") { try await finished(push) == users.count * 3 }
            let after = world.service.recorded[before...].compactMap(\.copyID)
            #expect(ids(kept).isSubset(of: after))
            // A call that was under way is all that may still arrive.
            #expect(Set(after).intersection(ids(revoked)).allSatisfy { $0.hasSuffix("-0") })
            #expect(Set(world.service.recorded.compactMap(\.copyID)).isDisjoint(with: ids(revoked).filter { !$0.hasSuffix("-0") }))
            #expect(try await world.dead().isEmpty, "withheld, not dead")
        }
        await store.stop()
    }

    private func writeNonsense(in world: DeliveryEnvironment) async throws {
        // Kafka refuses records without a key in a compacted topic.
        for (key, text) in [("agreement/NL-100", "{"), (world.kafka.isEmbedded ? nil : "", "{}"), ("agreement/NL-100/DE-BIL/x", "[]")] {
            let record = OutgoingRecord(
                topic: world.kafka.topics.state, partition: 0, key: key, value: ByteBuffer(string: text), headers: RecordHeaders())
            _ = try await world.producer.send(record)
        }
    }

    /// Records that are committed, those ahead of others included.
    private func finished(_ push: PushService) async throws -> Int {
        try await push.consumer.committed(push.assignment, timeout: .seconds(5)).reduce(0) { $0 + Int(max(0, $1.offset)) }
    }
}

extension ServerRequest {
    fileprivate var copyID: String? { headers.first(name: "OCN-Copy-ID") }
}
