import Directory
import Encoding
import Kafka
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

/// A recipient that fails, with HTTP and Kafka.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PushBreakerTests {
    @Test func aServiceThatFailsIsNotCalledAnyMoreWhileOthersAre() async throws {
        let world = try await DeliveryEnvironment(service: { _ in .answer(503, [], "") })
        let provider = try #require(PartyID("DE-BIL"))
        // Nobody is asked again within this test.
        let push = try world.push(worker: "worker-1") { settings in
            (settings.backoffBase, settings.backoffCap) = (.seconds(600), .seconds(600))
            settings.breaker = BreakerSettings(minimumCalls: 8, pauseBase: .seconds(600), pauseCap: .seconds(600))
        }
        try await world.run(push: push) {
            for number in 0..<8 {
                try await world.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "object-\(number)")
            }
            try await eventually("it is told") { world.store.directory.breakers(of: provider).map(\.state) == [.open] }
            let report = try #require(world.store.directory.breakers(of: provider).first)
            #expect(report.worker == "worker-1" && !report.isOutdated(now: .now))
            #expect(world.service.recorded.count == 8)

            try await world.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "further", key: "another object")
            // One after the other in the same partition: when the second is delivered, the first has been read.
            for (recipient, module) in [("DE-BIL", ModuleID.cdrs), ("DE-CPO", .tokens)] {
                var announced = try request(module, .receiver, .put, path: "DE/MSP/1", body: "{}")
                announced.to = try #require(PartyID(recipient))
                announced.stateVersion = world.store.directory.version
                var record = AnnouncementRecord(request: announced).outgoing(to: world.kafka.topics)
                record.partition = 0
                _ = try await world.producer.send(record)
            }
            try await eventually("another party is called") { world.cpo.recorded.count == 1 }
            #expect(world.service.recorded.count == 8)
            #expect(try await world.dead().isEmpty)
        }
    }

    private static let offlineElsewhere = ServerAnswer.answer(200, [("OCN-Not-Done", "hindered")], #"{"status_code":4003}"#)

    /// Else each of its objects would go there, signed, again and again.
    @Test func aServiceThatIsNotConnectedToItsNodeIsNotAskedForAnyMore() async throws {
        let world = try await DeliveryEnvironment(cpo: { _ in Self.offlineElsewhere })
        let provider = try #require(PartyID("DE-BIL"))
        let push = try world.push(worker: "worker-1") { settings in
            (settings.backoffBase, settings.backoffCap) = (.seconds(600), .seconds(600))
            settings.breaker = BreakerSettings(minimumCalls: 8, pauseBase: .seconds(600), pauseCap: .seconds(600))
        }
        try await world.run(push: push) {
            try await world.moveService()
            for number in 0..<8 {
                try await world.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "object-\(number)")
            }
            try await eventually("it is told") { world.store.directory.breakers(of: provider).map(\.state) == [.open] }
            #expect(world.cpo.recorded.count == 8)
            #expect(try await world.dead().isEmpty, "they wait as for a service that is connected here")
        }
    }

    @Test func theDeadLetterOfACopyThatItsServicesNodeHinderedTellsItsAttempts() async throws {
        let world = try await DeliveryEnvironment(cpo: { _ in Self.offlineElsewhere })
        try await world.run(push: try world.push { $0.horizon = .seconds(4) }) {
            try await world.moveService()
            try await world.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "old", key: "a")
            try await eventually("it is given up") { try await world.dead().count == 1 }
            let dead = try #require(try await world.dead().first)
            #expect(dead.cause == "expired" && dead.attempts == world.cpo.recorded.count && dead.attempts > 1)
            #expect(dead.lastHTTPStatus == 200 && dead.lastStatus == 4003)
        }
    }

    @Test func whenAServiceIsBackItGetsEveryCopyOnceAndInOrder() async throws {
        let isBack = Atomic<Bool>(false)
        let taken = Mutex<[String]>([])
        let world = try await DeliveryEnvironment(service: { seen in
            guard isBack.load(ordering: .relaxed) else { return .answer(503, [("Retry-After", "0")], "") }
            let id = seen.headers.first(name: "OCN-Copy-ID") ?? ""
            taken.withLock { $0.append(id) }
            return .success
        })
        let provider = try #require(PartyID("DE-BIL"))
        let push = try world.push(worker: "worker-1") { settings in
            settings.breaker = BreakerSettings(minimumCalls: 5, pauseBase: .milliseconds(100), pauseCap: .milliseconds(300))
        }
        // Left behind by this worker's earlier life, and by one that died.
        let other = try #require(PartyID("NL-TAX"))
        let old = Timestamp.now.adding(milliseconds: -3_600_000)
        try await world.writer.write([
            .put(.breaker(BreakerReport(recipient: other, worker: "worker-1", state: .open, since: .now))),
            .put(.breaker(BreakerReport(recipient: other, worker: "worker-2", state: .open, since: .now))),
            .put(.breaker(BreakerReport(recipient: other, worker: "worker-3", state: .open, since: old))),
        ])
        try await world.run(push: push) {
            for number in 0..<60 {
                try await world.copy(
                    try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "DE-CPO|cdrs|\(number % 12)")
            }
            try await eventually("it is told") { !world.store.directory.breakers(of: provider).isEmpty }
            isBack.store(true, ordering: .relaxed)
            try await eventually("all copies arrive") { taken.withLock { $0.count } == 60 }
            try await eventually("it is no longer told") { world.store.directory.breakers(of: provider).isEmpty }
            try await eventually("what was left behind is deleted") {
                world.store.directory.breakers(of: other).map(\.worker) == ["worker-2"]
            }
            try await eventually("all are finished") {
                try await push.consumer.committed(push.assignment, timeout: .seconds(5)).reduce(0) { $0 + max(0, $1.offset) } == 60
            }
            let order = taken.withLock { $0 }
            #expect(Set(order).count == 60 && order.count == 60)
            for object in 0..<12 {
                let numbers = order.compactMap { Int($0) }.filter { $0 % 12 == object }
                #expect(numbers == numbers.sorted())
            }
            #expect(try await world.dead().isEmpty)
        }
    }

    /// The state was lost, or the copy is from another life of the node: the version it was made under never comes.
    @Test func aCopyWhoseStateNeverComesIsGivenUpAsSoonAsThatIsKnown() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(push: try world.push()) {
            try await world.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "lost", key: "a", judgedAt: 1_000_000_000)
            try await eventually("it is given up") { try await world.dead().count == 1 }
            let dead = try #require(try await world.dead().first)
            #expect(dead.cause.hasPrefix("implausible: ce_stateversion: 1000000000 lies beyond the end of the state"))
            #expect(dead.attempts == 0 && world.service.recorded.isEmpty)
        }
    }
}
