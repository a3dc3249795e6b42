import Encoding
import Kafka
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// The routing headers of error answers.
@Suite struct RefusalHeadersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var method = "GET"
        var path = "/ocpi/sender/VERSION/locations"
        var changes: [String: String?] = [:]
        var body: String?
        /// The party that answers: the addressed party, or the hub.
        var from = "DE-CPO"
    }

    private static let cases = [
        Case(
            testDescription: "nobody knows the receiver", changes: ["OCPI-to-country-code": "XX", "OCPI-to-party-id": "YYY"],
            from: "XX-YYY"),
        Case(testDescription: "it is not connected", changes: ["OCPI-to-country-code": "FR", "OCPI-to-party-id": "OFF"], from: "FR-OFF"),
        Case(testDescription: "half a receiver", changes: ["OCPI-to-party-id": nil], from: "CH-OCN"),
        Case(testDescription: "no party", changes: ["OCPI-to-party-id": "TOOLONG"], from: "CH-OCN"),
        Case(
            testDescription: "nobody can be found", changes: ["OCPI-to-country-code": nil, "OCPI-to-party-id": nil], from: "CH-OCN"),
        Case(
            testDescription: "not for the hub", method: "POST", path: "/ocpi/receiver/VERSION/cdrs",
            changes: ["OCPI-to-country-code": "CH", "OCPI-to-party-id": "OCN"], body: "{}", from: "CH-OCN"),
        Case(testDescription: "no such method", method: "DELETE"),
        Case(testDescription: "no such resource", path: "/ocpi/sender/VERSION/locations/a/b/c/d"),
        Case(testDescription: "no path", path: "/ocpi/sender/VERSION/locations//x"),
        Case(testDescription: "a path that leads out", path: "/ocpi/sender/VERSION/locations/%2e%2e/x"),
        Case(testDescription: "too many headers", changes: ["X-Filler": String(repeating: "x", count: 5000)]),
        Case(testDescription: "not JSON", method: "PUT", path: "/ocpi/receiver/VERSION/locations/DE/MSP/1", body: "{"),
        Case(
            testDescription: "too long", method: "PUT", path: "/ocpi/receiver/VERSION/locations/DE/MSP/1",
            body: "\"" + String(repeating: "x", count: 1023) + "\""),
        Case(
            testDescription: "coded", method: "PUT", path: "/ocpi/receiver/VERSION/locations/DE/MSP/1", changes: ["Content-Encoding": "br"],
            body: "{}"),
        Case(testDescription: "a page that nobody gave", path: "/ocpi/sender/VERSION/cdrs/page/bogus"),
        Case(testDescription: "a custom module", path: "/ocpi/custom/sender/parking", changes: ["OCPI-to-party-id": "XXX"], from: "DE-XXX"),
    ]

    private func ask(_ ingress: TestIngress, _ wrong: Case, _ version: OCPIVersion) async throws -> Answer {
        let path = wrong.path.split(separator: "VERSION", maxSplits: 1, omittingEmptySubsequences: false).joined(
            separator: version.rawValue)
        return try await ingress.ask(wrong.method, path, headers(wrong.changes), body: wrong.body)
    }

    private func parties(_ answer: Answer) -> [String?] {
        ["OCPI-to-country-code", "OCPI-to-party-id", "OCPI-from-country-code", "OCPI-from-party-id"].map { answer[$0] }
    }

    @Test(arguments: cases, OCPIVersion.allCases)
    func aRefusalIsToWhoeverAskedFromWhoeverWasAsked(_ wrong: Case, _ version: OCPIVersion) async throws {
        let ingress = TestIngress()
        let answer = try await ask(ingress, wrong, version)
        #expect(answer.code != 1000 && ingress.produced.isEmpty, "\(answer.text)")
        let from = party(wrong.from)
        #expect(parties(answer) == ["DE", "MSP", from.country, from.party], "\(answer.text)")
        #expect(answer["X-Request-ID"] == "r1" && answer["X-Correlation-ID"] == "c1")
    }

    @Test func alsoWithoutMessageIDsAndWhileKafkaIsAway() async throws {
        let ingress = TestIngress()
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2/locations", headers(["X-Request-ID": nil]))
        #expect(answer.code == 2001 && parties(answer) == ["DE", "MSP", "DE", "CPO"])
        ingress.availability.began("no broker answers")
        let away = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(away.status == 503 && parties(away) == ["DE", "MSP", "DE", "CPO"])
    }

    @Test(
        arguments: [
            ["Authorization": nil], ["Authorization": "Token bogus"], ["Authorization": "Token new-token-a"], ["OCPI-from-party-id": nil],
            ["OCPI-from-party-id": "CPO"], ["OCPI-from-country-code": "DEU"],
        ] as [[String: String?]]) func whoHasNotProvenItsNameIsNotCalledByIt(_ changes: [String: String?]) async throws
    {
        for path in ["/ocpi/sender/2.2.1/locations", "/ocpi/sender/2.2.1/locations/a/b/c/d"] {
            let answer = try await TestIngress().ask("GET", path, headers(changes))
            #expect(answer.code != 1000 && parties(answer) == [nil, nil, nil, nil])
        }
    }

    @Test func whatTheNodeAnswersItselfIsNotRouted() async throws {
        let answer = try await TestIngress().ask("PUT", "/ocpi/2.2.1/hubclientinfo", headers())
        #expect(answer.status == 405 && parties(answer) == [nil, nil, nil, nil])
    }
}
