import Encoding
import Kafka
import NIOCore
import Notary
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// Requests that the hub answers itself because of an operator's rule.
@Suite struct StoreAndForwardPolicyTests {
    private static let session = "/ocpi/receiver/2.2.1/sessions/DE/CPO/S1"
    private static let toMSP: [String: String?] = [
        "Authorization": TestIngress.tokenCPO.authorization(encoding: .base64), "OCPI-from-party-id": "CPO", "OCPI-to-party-id": "MSP",
    ]

    /// Rules store PUTs of sessions and tariffs to DE-MSP, which has no interface for locations. A recipient that is called refuses.
    private func ingress(_ facts: [Fact] = []) throws -> TestIngress {
        let ingress = TestIngress(bodyLimit: 4096) { request in
            guard request.reply != nil else { return nil }
            var reply = TestIngress.ok(request)
            reply.body = ByteBuffer(string: #"{"status_code":2000,"timestamp":"2026-01-01T00:00:00Z"}"#)
            return reply
        }
        let msp = party("DE-MSP")
        let endpoints = [ModuleID.sessions, .tariffs, .tokens].map {
            Endpoint(module: $0, interface: .receiver, url: "https://msp.example/\($0)")
        }
        let rules = try [ModuleID.sessions, .tariffs, .locations].map {
            Fact.storeRule(try StoreRule(recipient: msp, module: $0, method: .put))
        }
        for fact in [.endpoints(platform: "msp", endpoints)] + rules + facts {
            ingress.state.withLock { $0.directory.apply(key: fact.key, fact) }
        }
        return ingress
    }

    @Test func theHubAnswersAndNobodyIsAsked() async throws {
        let ingress = try ingress()
        let body = #"{ "id":"S1",  "kwh":1.50 }"#
        let answer = try await ingress.ask("PUT", Self.session + "?x=%20", headers(Self.toMSP), body: body)
        #expect(answer.status == 200 && answer.code == 1000)
        #expect(answer["OCPI-from-party-id"] == "MSP" && answer["OCPI-to-party-id"] == "CPO" && answer["X-Request-ID"] == "r1")
        let record = try #require(ingress.produced.first)
        #expect(ingress.produced.count == 1 && record.isStored && record.reply == nil && record.deadline == nil && record.origin == .local)
        #expect(record.from == party("DE-CPO") && record.to == party("DE-MSP") && record.key == "DE-CPO|sessions|S1")
        #expect(record.path == "DE/CPO/S1" && record.query == "x=%20" && record.body.map { String(buffer: $0) } == body)
        #expect(ingress.pending.count == 0)
    }

    @Test func anObjectThatTheBodyCallsSomebodyElsesGoesToTheRecipient() async throws {
        let ingress = try ingress()
        let body = #"{"country_code":"NL","party_id":"CPX","id":"S1"}"#
        #expect(try await ingress.ask("PUT", Self.session, headers(Self.toMSP), body: body).code == 2000)
        #expect(ingress.produced.count == 1 && ingress.produced.first?.isStored == false)
        let own = #"{"country_code":"DE","party_id":"CPO","id":"S1"}"#
        #expect(try await ingress.ask("PUT", Self.session, headers(Self.toMSP), body: own).code == 1000)
    }

    @Test func aReceiverThatOpenRoutingFindsHasItsRulesToo() async throws {
        let ingress = try ingress()
        let toNobody = Self.toMSP.merging(["OCPI-to-country-code": nil, "OCPI-to-party-id": nil]) { $1 }
        let body = #"{"cdr_token":{"country_code":"DE","party_id":"MSP"}}"#
        let answer = try await ingress.ask("PUT", Self.session, headers(toNobody), body: body)
        #expect(answer.code == 1000 && answer["OCPI-from-party-id"] == "MSP" && ingress.produced.first?.isStored == true)
    }

    @Test(
        arguments: [
            ("PATCH", "sessions/DE/CPO/S1"), ("GET", "sessions/DE/CPO/S1"), ("POST", "cdrs"), ("DELETE", "tariffs/DE/CPO/T1"),
            ("PUT", "tokens/DE/CPO/1"), ("PUT", "locations/DE/CPO/L1"),
            // The object is not the sender's: the recipient must decide about it.
            ("PUT", "sessions/DE/XXX/S1"), ("PUT", "sessions/NL/REM/S1"),
        ])
    func everythingElseIsTheRecipientsToAnswer(_ method: String, _ path: String) async throws {
        let ingress = try ingress()
        let body = method == "GET" || method == "DELETE" ? nil : "{}"
        let answer = try await ingress.ask(method, "/ocpi/receiver/2.2.1/\(path)", headers(Self.toMSP), body: body)
        #expect(answer.code == 2000 && ingress.produced.first?.reply != nil && ingress.produced.first?.isStored == false)
    }

    @Test func objectsOfAnyPartyOfTheSendersPlatformAreItsOwn() async throws {
        let answer = try await ingress().ask("PUT", "/ocpi/receiver/2.2.1/sessions/CH/CPO/S1", headers(Self.toMSP), body: "{}")
        #expect(answer.code == 1000)
    }

    @Test func theSenderInterfaceHasNoRules() async throws {
        let ingress = try ingress([
            .endpoints(platform: "msp", [Endpoint(module: .sessions, interface: .sender, url: "https://msp.example/s")])
        ]
        )
        let answer = try await ingress.ask("PUT", "/ocpi/sender/2.2.1/sessions/S1/charging_preferences", headers(Self.toMSP), body: "{}")
        #expect(answer.code == 2000 && ingress.produced.first?.isStored == false)
    }

    @Test(arguments: [PlatformStatus.offline, .suspended, .planned])
    func nothingIsStoredForAPartyThatIsAway(_ status: PlatformStatus) async throws {
        let ingress = try ingress([.status(platform: "msp", status, Timestamp(milliseconds: 2))])
        let answer = try await ingress.ask("PUT", Self.session, headers(Self.toMSP), body: "{}")
        #expect(answer.status == 200 && answer.code == 4003 && ingress.produced.isEmpty)
    }

    @Test func rulesAndSignaturesOfTheRecipientCountAsEver() async throws {
        let blacklist = [
            Fact.rules(platform: "msp", signatures: false, active: .blacklist),
            .rule(platform: "msp", .blacklist, OCNRules.Entry(party: party("DE-CPO"), modules: [.sessions])),
        ]
        let shutOut = try ingress(blacklist)
        #expect(try await shutOut.ask("PUT", Self.session, headers(Self.toMSP), body: "{}").code == 2000)
        let signing = try ingress([.rules(platform: "msp", signatures: true, active: nil)])
        #expect(try await signing.ask("PUT", Self.session, headers(Self.toMSP), body: "{}").code == 2001)
        let broken = try ingress()
        #expect(try await broken.ask("PUT", Self.session, headers(Self.toMSP), body: "{").status == 400)
        #expect(shutOut.produced.isEmpty && signing.produced.isEmpty && broken.produced.isEmpty)
    }

    @Test func whatKafkaDoesNotTakeIsNotAnsweredWithSuccess() async throws {
        let ingress = try ingress()
        ingress.state.withLock { $0.produceError = KafkaError(operation: "produce", code: -192) }
        #expect(try await ingress.ask("PUT", Self.session, headers(Self.toMSP), body: "{}").code == 4000)
        ingress.state.withLock { $0.produceError = KafkaError(operation: "produce", code: -184) }
        let full = try await ingress.ask("PUT", Self.session, headers(Self.toMSP), body: "{}")
        #expect(full.status == 503 && full["Retry-After"] == "1")
    }

    @Test func partiesOfOtherNodesHaveNoRulesHere() async throws {
        let remote = Fact.storeRule(try StoreRule(recipient: party("NL-REM"), module: .sessions, method: .put))
        let ingress = try ingress([remote])
        let toRemote = Self.toMSP.merging(["OCPI-to-country-code": "NL", "OCPI-to-party-id": "REM"]) { $1 }
        #expect(try await ingress.ask("PUT", Self.session, headers(toRemote), body: "{}").code == 2000)
        #expect(ingress.produced.first?.isStored == false && ingress.produced.first?.reply != nil)
    }

    // MARK: From another node

    @Test func aMessageOfAnotherNodeIsStoredToo() async throws {
        let ingress = try ingress()
        let answer = try await ingress.bring(message())
        #expect(answer.status == 200 && answer.code == 1000)
        let record = try #require(ingress.produced.first)
        #expect(record.isStored && record.reply == nil && record.deadline == nil && record.origin == .node("https://other.example"))
        #expect(record.from == party("NL-REM") && record.to == party("DE-MSP") && record.key == "NL-REM|sessions|S1")
    }

    /// As for a party's request, whose path loses the slash.
    @Test func aSlashAtTheEndOfItsPathMeansNothing() async throws {
        let ingress = try ingress()
        #expect(try await ingress.bring(message { $0.urlPath = "/NL/REM/S1/" }).code == 1000)
        let record = try #require(ingress.produced.first)
        #expect(record.isStored && record.path == "NL/REM/S1" && record.key == "NL-REM|sessions|S1")
        #expect(ingress.state.withLock { $0.objects.values.contains(party("NL-REM")) })
    }

    @Test func anotherNodeSpeaksForTheSenderOnlyAndWaitsForEverythingElse() async throws {
        let ingress = try ingress()
        let messages = [
            try message { $0.urlPath = "/DE/CPO/S1" }, try message { $0.method = .patch }, try message { $0.module = .tokens },
            try message {
                $0.proxyUID = "uid-1"
                $0.proxyResource = "https://rem.example/9"
            },
        ]
        for message in messages { #expect(try await ingress.bring(message).code == 2000) }
        #expect(ingress.produced.count == messages.count && ingress.produced.allSatisfy { !$0.isStored && $0.reply != nil })
    }

    private func message(_ change: (inout OCNMessage) -> Void = { _ in }) throws -> String {
        try TestIngress.nodeMessage(.sessions, "/NL/REM/S1", #"{"id":"S1"}"#, change)
    }
}
