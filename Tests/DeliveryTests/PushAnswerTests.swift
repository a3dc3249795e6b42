import Directory
import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

/// How PUSH handles answers and the connections that they arrive on.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PushAnswerTests {
    /// An error answer, and whether the copy is tried again.
    private static let bad: [String: (answer: ServerAnswer, isRetried: Bool)] = [
        "status 3001": (.answer(200, [], #"{"status_code":3001}"#), true),
        "status 4000": (.answer(200, [], #"{"status_code":4000}"#), true),
        "status 2001": (.answer(200, [], #"{"status_code":2001}"#), false),
        "404 with a body": (.answer(404, [], #"{"status_code":2003,"status_message":"unknown"}"#), true),
        "404 that claims success": (.answer(404, [], #"{"status_code":1000}"#), true),
        "400 with a body": (.answer(400, [], #"{"status_code":2001}"#), false),
        "500 that claims success": (.answer(500, [], #"{"status_code":1000}"#), true),
        "no JSON": (.answer(200, [], #"{"status_code":1000,"#), true),
        "no OCPI": (.answer(200, [], #"{"ok":true}"#), true),
        "nothing": (.answer(200, [], ""), true),
        "10 MB": (.answer(200, [], #"{"status_code":1000,"data":""# + String(repeating: "x", count: 10_000_000) + #""}"#), true),
        "endless": (.endless(200), true),
        "hangs up": (.hangUp, true),
    ]

    @Test("Scenario 33: an answer is judged by its status and its body, read to a limit, and is never taken for success by mistake")
    func answersAreJudged() async throws {
        let tries = Mutex<[String: Int]>([:])
        let environment = try await DeliveryEnvironment(service: { seen in
            let id = seen.headers.first(name: "OCN-Copy-ID") ?? ""
            let count = tries.withLock { tries in
                tries[id, default: 0] += 1
                return tries[id, default: 0]
            }
            return count == 1 ? Self.bad[id]?.answer ?? .success : .success
        })
        let retried = Self.bad.filter(\.value.isRetried).count
        try await environment.run(push: try environment.push()) {
            for id in Self.bad.keys { try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: id, key: id) }
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "good", key: "good")
            try await eventually("what is worth it is sent again") { environment.service.recorded.count == Self.bad.count + retried + 1 }
            try await eventually("what is not is buried") { try await environment.dead().count == Self.bad.count - retried }
            for dead in try await environment.dead() {
                #expect(
                    Self.bad[dead.copy.id]?.isRetried == false && dead.cause.hasPrefix("rejected") && dead.attempts == 1, "\(dead.copy.id)")
            }
            for (id, count) in tries.withLock({ $0 }) {
                #expect(count == (Self.bad[id]?.isRetried == true ? 2 : 1), "\(id)")
            }
        }
        #expect(environment.service.pieces * 65_536 < 40_000_000, "what the system holds on its way is not read by anybody")
    }

    /// The service is connected to another node, which answers 2001 for a module that the service does not have yet: the copy waits, as for
    /// a service here.
    @Test func aCopyWaitsForWhatItsServiceLacksAtAnotherNodeToo() async throws {
        let tries = Mutex<[String: Int]>([:])
        let environment = try await DeliveryEnvironment(cpo: { seen in
            let id = seen.headers.first(name: "OCN-Copy-ID") ?? ""
            let count = tries.withLock { tries in
                tries[id, default: 0] += 1
                return tries[id, default: 0]
            }
            guard count < 3 else { return .success }
            // A faulty proxy.
            guard id != "taken" else { return .answer(200, [("OCN-Not-Done", "hindered")], #"{"status_code":1000}"#) }
            return .answer(400, id == "plain" ? [] : [("OCN-Not-Done", id)], #"{"status_code":2001}"#)
        })
        try await environment.run(push: try environment.push()) {
            try await environment.moveService()
            for id in ["taken", "hindered", "refused", "plain"] {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: id, key: id)
            }
            try await eventually("what is refused is buried") { try await environment.dead().count == 2 }
            #expect(Set(try await environment.dead().map(\.copy.id)) == ["refused", "plain"])
            try await eventually("what is hindered is sent again") { tries.withLock { $0["hindered"] == 3 && $0["taken"] != nil } }
            #expect(tries.withLock { $0 } == ["hindered": 3, "refused": 1, "plain": 1, "taken": 1], "what is taken is not sent again")
        }
    }

    /// The node of a service at another node refuses such a copy, which is final too.
    @Test func aCopyThatLeadsToCredentialsIsADeadLetterAtOnce() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            let endpoints = [
                Endpoint(module: .tokens, interface: .receiver, url: environment.service.url + "/api"),
                Endpoint(module: .credentials, interface: .receiver, url: environment.service.url + "/api/credentials"),
            ]
            try await environment.writer.write([.put(.endpoints(platform: "bil", endpoints))])
            try await environment.copy(try request(.tokens, .receiver, .put, path: "credentials", body: "{}"), id: "1", key: "a")
            try await eventually("it is given up") { try await environment.dead().count == 1 }
            let dead = try #require(try await environment.dead().first)
            #expect(dead.cause.hasPrefix("cannot be sent: This leads to credentials") && dead.attempts == 0, "\(dead.cause)")
            #expect(environment.service.recorded.isEmpty)
        }
    }

    @Test func copiesShareConnectionsAlsoWhenTheServiceComplains() async throws {
        let count = Atomic<Int>(0)
        let environment = try await DeliveryEnvironment(service: { _ in
            // Every tenth copy is sent again.
            count.wrappingAdd(1, ordering: .relaxed).newValue % 10 == 0 ? .answer(503, [], String(repeating: "x", count: 5000)) : .success
        })
        let copies = 1000
        try await environment.run(push: try environment.push()) {
            for number in 0..<copies {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "\(number % 100)")
            }
            try await eventually("all are delivered", within: .seconds(60)) {
                let seen = environment.service.recorded
                return seen.count == copies + seen.count / 10
            }
            #expect(Set(environment.service.recorded.compactMap { $0.headers.first(name: "OCN-Copy-ID") }).count == copies)
            #expect(environment.service.connections <= 32 + environment.service.recorded.count / 100)
        }
    }

    /// Servers close idle connections, and all connections when they stop.
    @Test func aConnectionThatTheServiceLeavesCostsNoBackoff() async throws {
        let count = Atomic<Int>(0)
        let environment = try await DeliveryEnvironment(service: { _ in
            let body = #"{"status_code":1000}"#
            return count.wrappingAdd(1, ordering: .relaxed).newValue % 10 == 0 ? .last(200, [], body) : .answer(200, [], body)
        })
        // A back-off would be longer than this test.
        try await environment.run(push: try environment.push { ($0.backoffBase, $0.backoffCap) = (.seconds(600), .seconds(600)) }) {
            for number in 0..<500 {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "\(number % 40)")
            }
            try await eventually("all are delivered", within: .seconds(60)) {
                Set(environment.service.recorded.compactMap { $0.headers.first(name: "OCN-Copy-ID") }).count == 500
            }
        }
    }
}
