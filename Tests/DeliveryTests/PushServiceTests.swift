import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

@Suite(.serialized) struct PushServiceTests {
    private static let rejection = ServerAnswer.answer(400, [], #"{"status_code":2001}"#)

    @Test func copiesArriveInOrderPerObjectAndEndInDeadLettersWhereTheyMust() async throws {
        let failures = Mutex<[String: Int]>([:])
        let environment = try await DeliveryEnvironment(service: { seen in
            let id = seen.headers.first(name: "OCN-Copy-ID") ?? ""
            let failed = failures.withLock { failures in
                failures[id, default: 0] += 1
                return failures[id, default: 0]
            }
            if id.hasSuffix("-rejected") { return Self.rejection }
            // Every second copy needs three attempts, which fail in different ways.
            guard id.hasSuffix("-hard"), failed < 3 else { return .success }
            return failed == 1 ? .answer(503, [("Retry-After", "0")], "") : .answer(200, [], #"{"status_code":3000}"#)
        })
        try await environment.run(push: try environment.push()) {
            for number in 0..<60 {
                let kind = number % 20 == 7 ? "rejected" : number % 2 == 0 ? "hard" : "easy"
                try await environment.copy(
                    try request(.cdrs, .receiver, .post, body: #"{"number":\#(number)}"#), id: "\(number)-\(kind)",
                    key: "DE-CPO|cdrs|\(number % 5)")
            }
            try await eventually("all copies are done") {
                let seen = Set(environment.service.recorded.compactMap { $0.headers.first(name: "OCN-Copy-ID") })
                return seen.count == 60 && failures.withLock { $0.filter { $0.key.hasSuffix("hard") }.allSatisfy { $0.value == 3 } }
            }
            try await eventually("dead letters are written") { try await environment.dead().count == 3 }
            for dead in try await environment.dead() {
                #expect(dead.cause.hasPrefix("rejected") && dead.attempts == 1 && dead.lastHTTPStatus == 400 && dead.lastStatus == 2001)
                #expect(dead.copy.id.hasSuffix("-rejected"))
            }
            check(environment.service.recorded)
        }
    }

    /// Checks that no attempt of a later copy comes before the last attempt of an earlier one of its object.
    private func check(_ seen: [ServerRequest]) {
        var scheduler: [Int: [Int]] = [:]
        var requestIDs: Set<String> = []
        for request in seen {
            guard let number = request.body.jsonInteger(["number"]) else {
                Issue.record("another body: \(request.text)")
                continue
            }
            scheduler[number % 5, default: []].append(number)
            #expect(request.headers["X-Correlation-ID"] == ["correlation-1"])
            #expect(request.headers["OCPI-to-party-id"] == ["BIL"] && request.headers["OCPI-from-party-id"] == ["MSP"])
            #expect(requestIDs.insert(request.headers.first(name: "X-Request-ID") ?? "").inserted, "every attempt has its own id")
        }
        for (_, numbers) in scheduler { #expect(numbers == numbers.sorted()) }
    }

    @Test func aWithdrawnAgreementStopsCopiesThatWait() async throws {
        let isUp = Atomic<Bool>(false)
        let environment = try await DeliveryEnvironment(service: { _ in isUp.load(ordering: .relaxed) ? .success : .answer(500, [], "") })
        try await environment.run(push: try environment.push()) {
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "one", key: "a")
            try await eventually("it was tried") { !environment.service.recorded.isEmpty }
            let user = try #require(PartyID("DE-MSP"))
            let provider = try #require(PartyID("DE-BIL"))
            try await environment.writer.write([.delete(key: FactKey.agreement(user: user, provider: provider))])
            isUp.store(true, ordering: .relaxed)
            let before = environment.service.recorded.count
            var other = try request(.cdrs, .receiver, .post, body: "{}")
            other.from = try #require(PartyID("NL-MSP"))
            try await environment.writer.write([.put(.agreement(Agreement(user: other.from, provider: provider, source: "file")))])
            try await environment.copy(other, id: "two", key: "a")
            // The second waits behind the first, so when it arrives the first is finished.
            try await eventually("the other user's copy arrives") {
                environment.service.recorded.last?.headers.first(name: "OCN-Copy-ID") == "two"
            }
            #expect(environment.service.recorded.count <= before + 2)
        }
    }

    @Test func aSignedCopyIsSignedAnewForItsService() async throws {
        let environment = try await DeliveryEnvironment()
        let sender = SigningKey.generate()
        let hub = try #require(Fixture.key)
        try await environment.run(push: try environment.push()) {
            var original = try request(.cdrs, .receiver, .post, body: #"{"id":"1","kwh":1.10}"#)
            original.signature = try OCNSignature.sign(try #require(Resigning.values(of: original)), with: sender, numbers: .js).text(
                .brotli)
            try await environment.copy(original, id: "one", key: "a")
            try await eventually("it is delivered") { !environment.service.recorded.isEmpty }
            let seen = try #require(environment.service.recorded.first)
            var copy = original
            copy.to = try #require(PartyID("DE-BIL"))
            let signature = try OCNSignature(text: try #require(seen.headers.first(name: "OCN-Signature")))
            #expect(try signature.verify(try #require(Resigning.values(of: copy))).signatories == [hub.address, sender.address])
            #expect(seen.body == original.body)
        }
    }

    @Test func whatOnlyWaitsDoesNotHoldUpTheEnd() async throws {
        let environment = try await DeliveryEnvironment(service: { _ in .answer(500, [], "") })
        var ended = ContinuousClock.now
        try await environment.run(
            push: try environment.push(drain: .seconds(60)) { ($0.backoffBase, $0.backoffCap) = (.seconds(60), .seconds(60)) }
        ) {
            for number in 0..<20 {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "\(number % 5)")
            }
            try await eventually("the first of each object has failed") { environment.service.recorded.count == 5 }
            ended = .now
        }
        #expect(ContinuousClock.now - ended < .seconds(30))
    }

    @Test func whatIsTooOldBecomesADeadLetter() async throws {
        let environment = try await DeliveryEnvironment(service: { _ in .answer(500, [], #"{"status_code":3000}"#) })
        try await environment.run(push: try environment.push { $0.horizon = .seconds(4) }) {
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "old", key: "a")
            try await eventually("it is given up") { try await environment.dead().count == 1 }
            let dead = try #require(try await environment.dead().first)
            #expect(dead.cause == "expired" && dead.copy.id == "old")
            #expect(dead.lastHTTPStatus == 500 && dead.lastStatus == 3000 && dead.attempts > 1)
        }
    }

    /// MATCHER may have read further than PUSH: then a missing agreement is one not read yet, not a withdrawn one.
    @Test func aCopyWhoseAgreementIsNotReadYetWaitsForItAndIsNotWithheld() async throws {
        let environment = try await DeliveryEnvironment()
        let provider = try #require(PartyID("DE-BIL"))
        let user = try #require(PartyID("DE-CPO"))
        let push = try environment.push()
        try await environment.run(push: push) {
            let next = environment.store.directory.version + 1
            var ahead = try request(.cdrs, .receiver, .post, body: "{}")
            ahead.from = user
            try await environment.copy(ahead, id: "ahead", key: "a", judgedAt: next)
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "behind", key: "b")
            try await eventually("another copy is delivered meanwhile") { environment.service.recorded.count == 1 }
            try await environment.writer.write([.put(.agreement(Agreement(user: user, provider: provider, source: "file")))])
            try await eventually("the copy is delivered") { environment.service.recorded.count == 2 }
        }
    }

    @Test func aServiceThatReadsItsTopicIsNotCalled() async throws {
        let environment = try await DeliveryEnvironment()
        let provider = try #require(PartyID("DE-BIL"))
        try await environment.writer.write([
            .put(.service(NetworkService(provider: provider, name: "billing", permissions: [0], delivery: .topic, source: "file")))
        ])
        let push = try environment.push()
        try await environment.run(push: push) {
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "one", key: "a")
            try await eventually("the copy is finished") {
                try await push.consumer.committed(push.assignment, timeout: .seconds(5)).contains { $0.offset == 1 }
            }
            #expect(environment.service.recorded.isEmpty)
        }
    }
}
