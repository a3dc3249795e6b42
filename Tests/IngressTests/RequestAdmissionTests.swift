import Encoding
import NIOCore
import OCPI
import Testing
import Topics

@testable import Ingress

@Suite struct RequestAdmissionTests {
    /// One invalid request, with the expected HTTP status and OCPI code in both versions.
    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        var method = "GET"
        var path = "/ocpi/sender/VERSION/locations"
        var changes: [String: String?] = [:]
        var body: String?
        let oldStatus: Int
        let newStatus: Int
        let code: Int
        /// Expected part of the message.
        var says = ""

        var testDescription: String { what }
    }

    static let cases: [Case] = [
        Case(what: "no token", changes: ["Authorization": nil], oldStatus: 400, newStatus: 401, code: 2001, says: "Authorization"),
        Case(
            what: "unknown token", changes: ["Authorization": "Token bogus"], oldStatus: 400, newStatus: 401,
            code: 2001, says: "not known"),
        Case(what: "empty token", changes: ["Authorization": " "], oldStatus: 400, newStatus: 401, code: 2001),
        Case(
            what: "token A on a functional module", changes: ["Authorization": "Token new-token-a"], oldStatus: 400, newStatus: 401,
            code: 2001, says: "registration only"),
        Case(
            what: "from country missing", changes: ["OCPI-from-country-code": nil], oldStatus: 400, newStatus: 200, code: 2001,
            says: "OCPI-from-country-code"),
        Case(
            what: "from party missing", changes: ["OCPI-from-party-id": nil], oldStatus: 400, newStatus: 200, code: 2001,
            says: "OCPI-from-party-id"),
        Case(what: "from country too long", changes: ["OCPI-from-country-code": "DEU"], oldStatus: 400, newStatus: 200, code: 2001),
        Case(what: "from party with a star", changes: ["OCPI-from-party-id": "M*P"], oldStatus: 400, newStatus: 200, code: 2001),
        Case(
            what: "from is a role of another platform", changes: ["OCPI-from-party-id": "CPO"], oldStatus: 400, newStatus: 200, code: 2001,
            says: "DE-CPO"),
        Case(
            what: "to country missing", changes: ["OCPI-to-country-code": nil], oldStatus: 400, newStatus: 200, code: 2001,
            says: "OCPI-to-country-code"),
        Case(
            what: "to party missing", changes: ["OCPI-to-party-id": nil], oldStatus: 400, newStatus: 200, code: 2001,
            says: "OCPI-to-party-id"),
        Case(what: "to party too short", changes: ["OCPI-to-party-id": "CP"], oldStatus: 400, newStatus: 200, code: 2001),
        Case(
            what: "open routing", changes: ["OCPI-to-country-code": nil, "OCPI-to-party-id": nil], oldStatus: 400, newStatus: 200,
            code: 2001,
            says: "cannot be routed without them"),
        Case(
            what: "a CDR for everybody", method: "POST", path: "/ocpi/receiver/VERSION/cdrs",
            changes: ["OCPI-to-country-code": "ch", "OCPI-to-party-id": "ocn"], body: "{}", oldStatus: 400, newStatus: 200, code: 2001,
            says: "cannot be addressed to the hub"),
        Case(
            what: "reading everybody's copy of an object", path: "/ocpi/receiver/VERSION/locations/DE/MSP/1",
            changes: ["OCPI-to-country-code": "CH", "OCPI-to-party-id": "OCN"], oldStatus: 400, newStatus: 200, code: 2001,
            says: "cannot be addressed to the hub"),
        Case(
            what: "receiver nobody knows", changes: ["OCPI-to-party-id": "XXX"], oldStatus: 200, newStatus: 200,
            code: 4001, says: "DE-XXX"),
        Case(
            what: "receiver whose node nobody knows", changes: ["OCPI-to-country-code": "NL", "OCPI-to-party-id": "LOS"],
            oldStatus: 200, newStatus: 200, code: 4003, says: "node is not listed"),
        Case(
            what: "receiver of this node that is not connected", changes: ["OCPI-to-country-code": "FR", "OCPI-to-party-id": "OFF"],
            oldStatus: 200, newStatus: 200, code: 4003, says: "not connected"),
        Case(what: "method the resource lacks", method: "DELETE", oldStatus: 405, newStatus: 405, code: 2000),
        Case(what: "method unknown to OCPI", method: "OPTIONS", oldStatus: 405, newStatus: 405, code: 2000),
        Case(what: "resource the module lacks", path: "/ocpi/sender/VERSION/locations/a/b/c/d", oldStatus: 404, newStatus: 404, code: 2000),
        Case(what: "unknown module", path: "/ocpi/sender/VERSION/nothing", oldStatus: 404, newStatus: 404, code: 2000),
        Case(what: "unknown interface", path: "/ocpi/middle/VERSION/cdrs", oldStatus: 404, newStatus: 404, code: 2000),
        Case(what: "a path outside OCPI", path: "/favicon.ico", oldStatus: 404, newStatus: 404, code: 2000),
        Case(what: "a path that leads out", path: "/ocpi/sender/VERSION/locations/../tokens", oldStatus: 404, newStatus: 404, code: 2000),
        Case(
            what: "body that is not JSON", method: "POST", path: "/ocpi/receiver/VERSION/cdrs", body: "{\"id\":", oldStatus: 400,
            newStatus: 400, code: 2001, says: "JSON"),
        Case(
            what: "body with something behind it", method: "PUT", path: "/ocpi/receiver/VERSION/locations/DE/MSP/1", body: "{} {}",
            oldStatus: 400, newStatus: 400, code: 2001, says: "JSON"),
        Case(
            what: "body too long", method: "POST", path: "/ocpi/receiver/VERSION/cdrs",
            body: "\"" + String(repeating: "x", count: 1023) + "\"",
            oldStatus: 413, newStatus: 413, code: 2000, says: "1024"),
        Case(
            what: "headers too long", changes: ["X-Filler": String(repeating: "x", count: 5000)], oldStatus: 413, newStatus: 413,
            code: 2000,
            says: "4096"),
        Case(what: "page nobody handed out", path: "/ocpi/sender/VERSION/cdrs/page/bogus", oldStatus: 404, newStatus: 404, code: 2003),
        Case(what: "CDR location nobody handed out", path: "/ocpi/receiver/VERSION/cdrs/bogus", oldStatus: 404, newStatus: 404, code: 2003),
        Case(
            what: "result URL nobody handed out", method: "POST", path: "/ocpi/sender/VERSION/commands/START_SESSION/bogus",
            body: "{\"result\":\"ACCEPTED\"}", oldStatus: 404, newStatus: 404, code: 2003),
    ]

    @Test(arguments: cases, OCPIVersion.allCases)
    func refusesAndProducesNothing(_ wrong: Case, _ version: OCPIVersion) async throws {
        let ingress = TestIngress()
        let path = wrong.path.split(separator: "VERSION", maxSplits: 1, omittingEmptySubsequences: false).joined(
            separator: version.rawValue)
        let answer = try await ingress.ask(wrong.method, path, headers(wrong.changes), body: wrong.body)
        #expect(answer.status == (version == .v2_2 ? wrong.oldStatus : wrong.newStatus))
        #expect(answer.code == wrong.code)
        #expect(answer.message?.contains(wrong.says) == true || wrong.says.isEmpty, "\(answer.text)")
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.body.jsonString(["timestamp"]) != nil)
        #expect(ingress.produced.isEmpty)
        #expect(ingress.pending.count == 0)
    }

    @Test func headWithoutResourceHasNoBody() async throws {
        let answer = try await TestIngress().ask("HEAD", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer.status == 405)
        #expect(answer.body.readableBytes == 0)
    }

    @Test(arguments: ["X-Request-ID", "X-Correlation-ID"])
    func missingMessageIDIsRefusedInTheOldDialect(_ name: String) async throws {
        let ingress = TestIngress()
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2/locations", headers([name: nil]))
        #expect(answer.status == 400)
        #expect(answer.code == 2001)
        #expect(answer.message?.contains(name) == true)
        #expect(ingress.produced.isEmpty)
    }

    @Test(arguments: ["X-Request-ID", "X-Correlation-ID"])
    func missingMessageIDIsMadeInTheNewDialect(_ name: String) async throws {
        let ingress = TestIngress()
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers([name: nil]))
        #expect(answer.status == 200)
        let record = try #require(ingress.produced.first)
        let made = name == "X-Request-ID" ? record.requestID : record.correlationID
        #expect(made.utf8.count == 36)
        #expect(answer[name] == made)
    }

    @Test func bodiesOfCustomModulesAreOpaque() async throws {
        let ingress = TestIngress()
        let answer = try await ingress.ask("POST", "/ocpi/custom/receiver/parking/spots", headers(), body: "simple string")
        #expect(answer.status == 200)
        let record = try #require(ingress.produced.first)
        #expect(record.module == ModuleID(rawValue: "parking"))
        #expect(record.path == "spots")
        #expect(record.body.map { String(buffer: $0) } == "simple string")
    }

    @Test func tokenIsUnderstoodPlainAndInBase64() async throws {
        for value in ["Token msp-token-c", "msp-token-c", "Token bXNwLXRva2VuLWM=", "Token bXNwLXRva2VuLWMK"] {
            let answer = try await TestIngress().ask("GET", "/ocpi/sender/2.2.1/locations", headers(["Authorization": value]))
            #expect(answer.status == 200, "\(value)")
        }
    }

    @Test func partiesCompareWithoutCase() async throws {
        let ingress = TestIngress()
        let answer = try await ingress.ask(
            "GET", "/ocpi/sender/2.2.1/locations", headers(["OCPI-from-party-id": "msp", "OCPI-to-country-code": "de"]))
        #expect(answer.status == 200)
        let record = try #require(ingress.produced.first)
        #expect(record.from.description == "DE-msp")
        #expect(record.to.description == "de-CPO")
    }
}
