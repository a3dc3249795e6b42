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

/// A failing recipient, with HTTP and Kafka.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PushBreakerTests {
    @Test func aServiceThatFailsIsNotCalledAnyMoreWhileOthersAre() async throws {
        let environment = try await DeliveryEnvironment(service: { _ in .answer(503, [], "") })
        let provider = try #require(PartyID("DE-BIL"))
        // No probe is sent within this test.
        let push = try environment.push(worker: "worker-1") { settings in
            (settings.backoffBase, settings.backoffCap) = (.seconds(600), .seconds(600))
            settings.breaker = BreakerSettings(minimumCalls: 8, pauseBase: .seconds(600), pauseCap: .seconds(600))
        }
        try await environment.run(push: push) {
            for number in 0..<8 {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "object-\(number)")
            }
            try await eventually("it is told") { environment.store.directory.breakers(of: provider).map(\.state) == [.open] }
            let report = try #require(environment.store.directory.breakers(of: provider).first)
            #expect(report.worker == "worker-1" && !report.isOutdated(now: .now))
            #expect(environment.service.recorded.count == 8)

            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "further", key: "another object")
            // Both are in the same partition: when the second is delivered, the first has been read.
            for (recipient, module) in [("DE-BIL", ModuleID.cdrs), ("DE-CPO", .tokens)] {
                var announced = try request(module, .receiver, .put, path: "DE/MSP/1", body: "{}")
                announced.to = try #require(PartyID(recipient))
                announced.stateVersion = environment.store.directory.version
                var record = AnnouncementRecord(request: announced).outgoing(to: environment.kafka.topics)
                record.partition = 0
                _ = try await environment.producer.send(record)
            }
            try await eventually("another party is called") { environment.cpo.recorded.count == 1 }
            #expect(environment.service.recorded.count == 8)
            #expect(try await environment.dead().isEmpty)
        }
    }

    private static let offlineElsewhere = ServerAnswer.answer(200, [("OCN-Not-Done", "hindered")], #"{"status_code":4003}"#)

    /// Otherwise every copy of its objects would be sent there repeatedly.
    @Test func aServiceThatIsNotConnectedToItsNodeIsNotAskedForAnyMore() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in Self.offlineElsewhere })
        let provider = try #require(PartyID("DE-BIL"))
        let push = try environment.push(worker: "worker-1") { settings in
            (settings.backoffBase, settings.backoffCap) = (.seconds(600), .seconds(600))
            settings.breaker = BreakerSettings(minimumCalls: 8, pauseBase: .seconds(600), pauseCap: .seconds(600))
        }
        try await environment.run(push: push) {
            try await environment.moveService()
            for number in 0..<8 {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "object-\(number)")
            }
            try await eventually("it is told") { environment.store.directory.breakers(of: provider).map(\.state) == [.open] }
            #expect(environment.cpo.recorded.count == 8)
            #expect(try await environment.dead().isEmpty, "they wait as for a service that is connected here")
        }
    }

    @Test func theDeadLetterOfACopyThatItsServicesNodeHinderedTellsItsAttempts() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in Self.offlineElsewhere })
        try await environment.run(push: try environment.push { $0.horizon = .seconds(4) }) {
            try await environment.moveService()
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "old", key: "a")
            try await eventually("it is given up") { try await environment.dead().count == 1 }
            let dead = try #require(try await environment.dead().first)
            #expect(dead.cause == "expired" && dead.attempts == environment.cpo.recorded.count && dead.attempts > 1)
            #expect(dead.lastHTTPStatus == 200 && dead.lastStatus == 4003)
        }
    }

    @Test func whenAServiceIsBackItGetsEveryCopyOnceAndInOrder() async throws {
        let isBack = Atomic<Bool>(false)
        let taken = Mutex<[String]>([])
        let environment = try await DeliveryEnvironment(service: { seen in
            guard isBack.load(ordering: .relaxed) else { return .answer(503, [("Retry-After", "0")], "") }
            let id = seen.headers.first(name: "OCN-Copy-ID") ?? ""
            taken.withLock { $0.append(id) }
            return .success
        })
        let provider = try #require(PartyID("DE-BIL"))
        let push = try environment.push(worker: "worker-1") { settings in
            settings.breaker = BreakerSettings(minimumCalls: 5, pauseBase: .milliseconds(100), pauseCap: .milliseconds(300))
        }
        // Left by an earlier run of this worker, and by one that crashed.
        let other = try #require(PartyID("NL-TAX"))
        let old = Timestamp.now.adding(milliseconds: -3_600_000)
        try await environment.writer.write([
            .put(.breaker(BreakerReport(recipient: other, worker: "worker-1", state: .open, since: .now))),
            .put(.breaker(BreakerReport(recipient: other, worker: "worker-2", state: .open, since: .now))),
            .put(.breaker(BreakerReport(recipient: other, worker: "worker-3", state: .open, since: old))),
        ])
        try await environment.run(push: push) {
            for number in 0..<60 {
                try await environment.copy(
                    try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "DE-CPO|cdrs|\(number % 12)")
            }
            try await eventually("it is told") { !environment.store.directory.breakers(of: provider).isEmpty }
            isBack.store(true, ordering: .relaxed)
            try await eventually("all copies arrive") { taken.withLock { $0.count } == 60 }
            try await eventually("it is no longer told") { environment.store.directory.breakers(of: provider).isEmpty }
            try await eventually("what was left behind is deleted") {
                environment.store.directory.breakers(of: other).map(\.worker) == ["worker-2"]
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
            #expect(try await environment.dead().isEmpty)
        }
    }

    /// The state was lost, or the copy is from before it was recreated: its state version will never exist.
    @Test func aCopyWhoseStateNeverComesIsGivenUpAsSoonAsThatIsKnown() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "lost", key: "a", judgedAt: 1_000_000_000)
            try await eventually("it is given up") { try await environment.dead().count == 1 }
            let dead = try #require(try await environment.dead().first)
            #expect(dead.cause.hasPrefix("implausible: ce_stateversion: 1000000000 lies beyond the end of the state"))
            #expect(dead.attempts == 0 && environment.service.recorded.isEmpty)
        }
    }
}
