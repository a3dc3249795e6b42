import Kafka
import NIOCore
import OCPI
import Synchronization
import Testing

@testable import Ingress

/// Kafka is unavailable and the process knows it, from the start or while callers already wait.
@Suite struct KafkaUnavailableTests {
    @Test(
        "While Kafka is known to be away every request that needs it is refused at once, in the hub's own name, and nothing is written",
        arguments: [
            ("GET", "/ocpi/sender/2.2.1/locations", 4000), ("PUT", "/ocpi/receiver/2.2.1/sessions/DE/MSP/1", 4000),
            ("POST", "/ocpi/receiver/2.2/cdrs", 3000), ("POST", "/ocpi/2.2.1/credentials", 4000), ("POST", "/ocn/message", 3000),
        ])
    func everythingThatNeedsKafkaIsRefusedAtOnce(_ method: String, _ path: String, _ code: Int) async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: { _ in nil })
        ingress.availability.began("no broker answers")
        let refused = try await ingress.ask(method, path, headers(), body: method == "GET" ? nil : "{}")
        #expect(refused.status == 503 && refused["Retry-After"] == "5" && refused.code == code, "\(refused.text)")
        #expect(ingress.produced.isEmpty && ingress.pending.count == 0 && ingress.state.withLock { $0.catchUpLimiter } == 0)
    }

    @Test func whatIsAnsweredFromMemoryGoesOn() async throws {
        let ingress = TestIngress()
        ingress.availability.began("no broker answers")
        let versions = try await ingress.ask("GET", "/ocpi/versions", headers())
        #expect(versions.status == 200 && versions.code == 1000)
        // An unknown token may have been issued through another process, which cannot be determined now.
        let unknownToken = try await ingress.ask("GET", "/ocpi/versions", headers(["Authorization": "Token c3RyYW5nZXI="]))
        #expect(unknownToken.status == 503 && unknownToken["Retry-After"] != nil)
    }

    @Test func requestsAreAcceptedAgainAfterwards() async throws {
        let ingress = TestIngress()
        ingress.availability.began("no broker answers")
        ingress.availability.ended()
        #expect(try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers()).status == 200)
    }

    @Test func whoWaitsForKafkaToTakeARequestIsToldWhenItTurnsOutToBeAway() async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: { _ in nil })
        ingress.state.withLock { $0.isSilent = true }
        ingress.availability.whenItBegins { ingress.pending.failUnrecorded(.away) }
        async let answer = ingress.ask("PUT", "/ocpi/receiver/2.2.1/sessions/DE/MSP/1", headers(), body: "{}")
        while ingress.produced.isEmpty { await Task.yield() }
        ingress.availability.began("no broker answers")
        let told = try await answer
        #expect(told.code == 4000 && told.message?.contains("not known") == true, "the outcome is unknown, and nobody else is to blame")
        #expect(ingress.pending.count == 0)
    }

    @Test func whoWaitsForARecipientGoesOnWaitingAndBlamesNobodyElseAtTheDeadline() async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: { _ in nil })
        ingress.availability.whenItBegins { ingress.pending.failUnrecorded(.away) }
        async let answer = ingress.ask("PUT", "/ocpi/receiver/2.2.1/sessions/DE/MSP/1", headers(), body: "{}")
        while ingress.produced.isEmpty { await Task.yield() }
        ingress.availability.began("no broker answers")
        ingress.availability.ended()
        #expect(ingress.pending.count == 1, "Kafka has the request: its answer may come")
        ingress.pending.sweep(now: .now() + .seconds(61))
        let told = try await answer
        #expect(told.code == 4000 && told.message?.contains("not known") == true, "\(told.text)")
    }

    @Test func aRecipientThatDoesNotAnswerIsBlamedIfKafkaWasThere() async throws {
        let ingress = TestIngress(timeout: .seconds(60), answer: { _ in nil })
        ingress.availability.began("no broker answers")
        ingress.availability.ended()
        async let answer = ingress.ask("PUT", "/ocpi/receiver/2.2.1/sessions/DE/MSP/1", headers(), body: "{}")
        while ingress.produced.isEmpty { await Task.yield() }
        ingress.pending.sweep(now: .now() + .seconds(61))
        #expect(try await answer.code == 4002)
    }
}
