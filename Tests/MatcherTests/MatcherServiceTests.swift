import Directory
import Encoding
import Kafka
import Matcher
import NIOCore
import OCPI
import ServiceLifecycle
import Support
import Testing
import Topics

@Suite struct MatcherServiceTests {
    @Test(.timeLimit(.minutes(5)), arguments: FetchWait.allCases)
    func anAcknowledgedAgreementIsSeenByEveryLaterRequestAndARevokedOneByNone(_ fetchWait: FetchWait) async throws {
        let billing = try #require(PartyID("DE-BIL"))
        let cpo = try #require(PartyID("DE-CPO"))
        let kafka = try await TestKafka(services: [billing], fetchWait: fetchWait)
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let own = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await own.start()
        try await store.start()
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: own, logger: kafka.logger)
        let always = try #require(PartyID("FR-CPO"))
        try await writer.write([
            .put(.service(NetworkService(provider: billing, name: "Billing", permissions: [8], delivery: .push, source: "state"))),
            .put(.agreement(Agreement(user: always, provider: billing, source: "state"))),
        ])
        let agreement = Fact.agreement(Agreement(user: cpo, provider: billing, source: "state"))

        let hub = try #require(PartyID("CH-OCN"))
        let matcher = MatcherService(
            kafka: kafka.settings, topics: kafka.topics, hub: hub, store: store, producer: producer, logger: kafka.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: matcher)], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var expected: Set<String> = []
            func copied() async throws -> [CopyRecord] {
                try await kafka.records(in: kafka.topics.outbox(billing), partitions: TopicSettings().outboxPartitions)
                    .map { try CopyRecord($0) }
            }
            func send(_ id: String, from sender: PartyID) async throws {
                _ = try await producer.send(request(id, from: sender).outgoing(to: kafka.topics))
            }
            for round in 0..<fetchWait.pick(short: 10, usual: 2) {
                try await writer.write([.put(agreement)])
                try await send("agreed-\(round)", from: cpo)
                // A record that is no request: the matcher counts it and continues.
                _ = try await producer.send(
                    OutgoingRecord(topic: kafka.topics.requests, value: ByteBuffer(string: "nonsense"), headers: RecordHeaders()))
                expected.insert("agreed-\(round)")
                try await eventually("the copy of agreed-\(round)") { try await copied().count == expected.count }

                try await writer.write([.delete(key: agreement.key)])
                try await send("revoked-\(round)", from: cpo)
                // A later record in the same partition: when its copy exists, the revoked one has been matched.
                try await send("marker-\(round)", from: always)
                expected.insert("marker-\(round)")
                try await eventually("the copy of marker-\(round)") { try await copied().count >= expected.count }
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            let copies = try await copied()
            #expect(Set(copies.map(\.copyOf)) == expected && copies.count == expected.count)
            #expect(Set(copies.map(\.id)).count == copies.count)
            #expect(copies.allSatisfy { $0.request.to == billing })
        }
        await store.stop()
        await own.stop()
        await producer.close(flush: .seconds(1))
    }

    @Test(.timeLimit(.minutes(5))) func copiesOfImplausibleRequestsAreDeadLetters() async throws {
        let billing = try #require(PartyID("DE-BIL"))
        let cpo = try #require(PartyID("DE-CPO"))
        let kafka = try await TestKafka(services: [billing])
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        try await writer.write([
            .put(.service(NetworkService(provider: billing, name: "Billing", permissions: [8], delivery: .push, source: "state"))),
            .put(.agreement(Agreement(user: cpo, provider: billing, source: "state"))),
        ])
        let matcher = MatcherService(
            kafka: kafka.settings, topics: kafka.topics, hub: try Broadcaster.hub, store: store, producer: producer, logger: kafka.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: matcher)], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var late = try request("late", from: cpo)
            late.time = try #require(Timestamp(rfc3339: "9999-12-31T23:59:59Z"))
            var ahead = try request("ahead", from: cpo)
            ahead.stateVersion = .max
            for record in [late, ahead, try request("good", from: cpo)] {
                _ = try await producer.send(record.outgoing(to: kafka.topics))
            }
            func records(_ topic: String) async throws -> [IncomingRecord] {
                try await kafka.records(in: topic, partitions: TopicSettings().outboxPartitions)
            }
            try await eventually("the copy of the good one") { try await !records(kafka.topics.outbox(billing)).isEmpty }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            #expect(try await records(kafka.topics.outbox(billing)).map { try CopyRecord($0).copyOf } == ["good"])
            let dead = try await records(kafka.topics.dead).map { try DeadRecord($0) }
            #expect(Set(dead.map(\.copy.copyOf)) == ["late", "ahead"] && dead.count == 2)
            let causes = Dictionary(uniqueKeysWithValues: dead.map { ($0.copy.copyOf, $0.cause) })
            #expect(causes["late"] == "implausible: ce_time: 9999-12-31T23:59:59.000Z lies in the future")
            #expect(causes["ahead"]?.hasPrefix("implausible: ce_stateversion: \(Int64.max) lies beyond the end of the state") == true)
            // A copy that an operator replays is checked against the present state.
            #expect(dead.allSatisfy { $0.copy.request.stateVersion <= store.directory.version })
        }
        await store.stop()
        await producer.close(flush: .seconds(1))
    }

    @Test(.timeLimit(.minutes(5))) func aBroadcastIsAnnouncedToEveryPartyThatItIsFor() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let hub = try Broadcaster.hub
        let facts =
            try Broadcaster.platform("cpo", [("DE-CPO", "CPO")], [.locations])
            + Broadcaster.platform("other", [("NL-MSP", "EMSP")], [.tariffs])
            + Broadcaster.platform("msp", [("DE-MSP", "EMSP"), ("FR-MSP", "EMSP")], [.locations])
        try await writer.write(facts.map(FactChange.put))
        let matcher = MatcherService(
            kafka: kafka.settings, topics: kafka.topics, hub: hub, store: store, producer: producer, logger: kafka.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: matcher)], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            // All in one partition, the one that is broadcast last.
            for origin in [RequestOrigin.hub, .node("0xother"), .local] {
                var broadcast = try Broadcaster.request(from: "DE-CPO", .locations)
                broadcast.origin = origin
                broadcast.signature = "signature"
                _ = try await producer.send(broadcast.outgoing(to: kafka.topics))
            }
            func announced() async throws -> [AnnouncementRecord] {
                try await kafka.records(in: kafka.topics.announce, partitions: TopicSettings().outboxPartitions)
                    .map { try AnnouncementRecord($0) }
            }
            try await eventually("the announcements") { try await announced().count >= 2 }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            let announcements = try await announced()
            #expect(announcements.map(\.request.to.description).sorted() == ["DE-MSP", "FR-MSP"])
            #expect(announcements.allSatisfy { $0.node == nil && $0.request.from == hub && $0.request.signature == "signature" })
            #expect(announcements.allSatisfy { $0.original?.from.description == "DE-CPO" && $0.original?.to == hub })
            #expect(announcements.allSatisfy { $0.request.body == ByteBuffer(string: "{}") })
        }
        await store.stop()
        await producer.close(flush: .seconds(1))
    }

    private func request(_ id: String, from: PartyID) throws -> RequestRecord {
        RequestRecord(
            id: id, time: .now, module: .cdrs, interface: .receiver, method: .post, version: .v2_2_1, from: from,
            to: try #require(PartyID("NL-MSP")), path: "", requestID: id, correlationID: id, stateVersion: 0,
            body: ByteBuffer(string: #"{"id":"1"}"#), key: "k")
    }
}
