import Credentials
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

/// Members that occur twice in an object: parsers differ in which one they use.
@Suite struct DuplicateMembersTests {
    private static let cases: [(method: String, path: String, body: String)] = [
        ("POST", "commands/START_SESSION", #"{"response_url":"https://msp.example/1","response_url":"https://msp.example/2"}"#),
        ("PUT", "chargingprofiles/S1", #"{"response_url":"https://msp.example/1","response_url":"https://msp.example/2"}"#),
        ("PUT", "locations/DE/CPO/1", #"{"country_code":"DE","party_id":"CPO","party_id":"REM"}"#),
        ("PATCH", "tokens/DE/CPO/1", #"{"country_code":"DE","country_code":"NL"}"#),
        ("POST", "cdrs", #"{"id":"1","cdr_token":{"country_code":"DE","party_id":"MSP"},"cdr_token":{}}"#),
        ("PUT", "sessions/DE/CPO/1", #"{"cdr_token":{"country_code":"DE","party_id":"MSP","party_id":"XXX"}}"#),
    ]

    private static let receivers: [[String: String?]] = [
        ["OCPI-to-party-id": "MSP"], HubAddressedTests.toHub, HubAddressedTests.toNobody,
    ]

    @Test(arguments: cases.indices, OCPIVersion.allCases)
    func aPartyThatSaysTwoThingsIsRefused(_ number: Int, _ version: OCPIVersion) async throws {
        let (method, path, body) = Self.cases[number]
        // Sessions, CDRs and commands are not sent to the hub, which would refuse them for that reason.
        let receivers = number == 2 || number == 3 ? Self.receivers : [Self.receivers[0], Self.receivers[2]]
        for receiver in receivers {
            let ingress = TestIngress(bodyLimit: 4096)
            let answer = try await ingress.ask(
                method, "/ocpi/receiver/\(version.rawValue)/\(path)", headers(HubAddressedTests.fromCPO.merging(receiver) { $1 }),
                body: body)
            #expect(answer.code == 2001 && answer.message?.contains("stands twice") == true, "\(answer.text)")
            #expect(ingress.produced.isEmpty && ingress.state.withLock { $0.objects.isEmpty })
        }
    }

    @Test(arguments: cases.indices) func soIsAnotherNode(_ number: Int) async throws {
        let (method, path, body) = Self.cases[number]
        let ingress = TestIngress(bodyLimit: 4096)
        let segments = path.split(separator: "/", maxSplits: 1)
        let message = OCNMessage(
            module: ModuleID(rawValue: String(segments[0])), interface: .receiver, method: OCPI.Method(rawValue: method), requestID: "r",
            correlationID: "c", sender: party("NL-REM"), receiver: party("DE-MSP"), urlPath: segments.count > 1 ? String(segments[1]) : nil,
            body: ByteBuffer(string: body))
        let bytes = try message.encoded()
        let answer = try await ingress.ask(
            "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(bytes, with: ingress.remoteKey)],
            body: String(buffer: bytes))
        #expect(answer.code == 2001 && answer.message?.contains("stands twice") == true && ingress.produced.isEmpty, "\(answer.text)")
    }

    @Test func whatTheHubDoesNotLookAtPassesByteForByte() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let body = #"{"name":"a","name":"b","evses":[{"uid":"1","uid":"2"}]}"#
        let answer = try await ingress.ask(
            "PUT", "/ocpi/receiver/2.2.1/locations/DE/CPO/1",
            headers(HubAddressedTests.fromCPO.merging(["OCPI-to-party-id": "MSP"]) { $1 }), body: body)
        let custom = try await ingress.ask("POST", "/ocpi/custom/receiver/parking/1", headers(), body: #"{"id":1,"id":2}"#)
        #expect(answer.code == 1000 && custom.code == 1000)
        #expect(ingress.produced.compactMap(\.body).map { String(buffer: $0) } == [body, #"{"id":1,"id":2}"#])
    }

    @Test func aListsQuerySaysOneThing() async throws {
        let ingress = TestIngress()
        for query in ["limit=1&limit=2", "offset=1&offset=1", "offset=0&%6Fffset=5", "date_from=a&date%5Ffrom=b", "date_to=a&date_to=a"] {
            let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/tariffs?\(query)", headers(HubAddressedTests.toHub))
            #expect(answer.code == 2001 && answer.message?.contains("stands twice") == true, "\(query)")
        }
        for query in ["limit=1&limit=2", "date_from=2026-01-01T00:00:00Z&date%5Ffrom=2026-01-02T00:00:00Z"] {
            #expect(try await ingress.ask("GET", "/ocpi/2.2.1/hubclientinfo?\(query)", headers()).code == 2001, "\(query)")
        }
    }

    @Test func aTokenHasOneType() async throws {
        for receiver in Self.receivers {
            for (method, path, body) in [
                ("PUT", "receiver/2.2.1/tokens/DE/MSP/1", "{}"), ("PATCH", "receiver/2.2.1/tokens/DE/MSP/1", "{}"),
                ("GET", "receiver/2.2.1/tokens/DE/MSP/1", nil), ("POST", "sender/2.2.1/tokens/1/authorize", nil),
            ] as [(String, String, String?)] {
                // The hub refuses this request for one object if it is addressed to the hub.
                guard receiver["OCPI-to-party-id"] != "OCN" || method == "PUT" || method == "PATCH" else { continue }
                let ingress = TestIngress(bodyLimit: 4096)
                let to = receiver["OCPI-to-party-id"] == "MSP" ? ["OCPI-to-party-id": "CPO"] : receiver
                let answer = try await ingress.ask(method, "/ocpi/\(path)?type=RFID&t%79pe=APP_USER", headers(to), body: body)
                #expect(answer.code == 2001 && answer.message?.contains("type stands twice") == true, "\(path): \(answer.text)")
                #expect(ingress.produced.isEmpty && ingress.state.withLock { $0.objects.isEmpty })
            }
        }
    }

    @Test(arguments: [false, true]) func soItHasFromAnotherNode(_ isVerbatim: Bool) async throws {
        let ingress = TestIngress(bodyLimit: 4096, remoteIsVerbatim: isVerbatim)
        let message = OCNMessage(
            module: .tokens, interface: .receiver, method: .put, requestID: "r", correlationID: "c", sender: party("NL-REM"),
            receiver: party("DE-MSP"), urlPath: "NL/REM/1",
            query: .object([JSONMember(name: "type", value: "RFID"), JSONMember(name: "type", value: "OTHER")]),
            queryText: isVerbatim ? "type=RFID&type=OTHER" : nil, body: ByteBuffer(string: "{}"))
        let bytes = try message.encoded()
        let answer = try await ingress.ask(
            "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(bytes, with: ingress.remoteKey)],
            body: String(buffer: bytes))
        #expect(answer.code == 2001 && answer.message?.contains("type stands twice") == true && ingress.produced.isEmpty, "\(answer.text)")
    }

    @Test func aListWithTwoStatusesOrTwoDataIsNone() async throws {
        for body in [
            #"{"status_code":1000,"data":[],"status_code":2000}"#, #"{"data":null,"status_code":1000,"data":[{"id":1}]}"#,
        ] {
            let ingress = TestIngress { request in
                var reply = TestIngress.ok(request)
                reply.body = ByteBuffer(string: body)
                return reply
            }
            #expect(try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(HubAddressedTests.toHub)).code == 4000)
        }
    }

    // MARK: What the node answers itself

    @Test(arguments: [
        #"{"token":"b","url":"https://peer.example/versions","roles":[],"token":"c"}"#,
        #"{"token":"b","url":"https://peer.example/versions","url":"https://other.example/versions","roles":[]}"#,
        #"{"token":"b","url":"https://peer.example/versions","roles":[{"role":"CPO","country_code":"AT","party_id":"NEW","party_id":"XXX"}]}"#,
        #"{"roles":[],"token":"b","url":"https://peer.example/versions","roles":[{"role":"CPO","country_code":"AT","party_id":"NEW"}]}"#,
    ]) func credentialsSayOneThing(_ body: String) async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let answer = try await ingress.ask(
            "POST", "/ocpi/2.2.1/credentials", ["Authorization": TestIngress.tokenA.authorization(encoding: .base64)], body: body)
        #expect(answer.status == 200 && answer.code == 2001 && answer.message?.contains("stands twice") == true, "\(answer.text)")
        #expect(ingress.state.withLock { $0.peerCalls.isEmpty })
    }

    @Test func soDoRulesAndClientInfos() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let rule = try await ingress.ask(
            "POST", "/ocpi/receiver/2.2.1/ocnrules/whitelist", headers(),
            body: #"{"country_code":"DE","party_id":"CPO","modules":[],"party_id":"XXX"}"#)
        #expect(rule.code == 2001 && rule.message?.contains("stands twice") == true)
        let info = ByteBuffer(
            string: #"{"country_code":"NL","party_id":"REM","role":"CPO","status":"CONNECTED","status":"OFFLINE","#
                + #""last_updated":"2026-01-01T00:00:00Z"}"#)
        let told = try await ingress.ask(
            "PUT", "/ocn/client-info", ["OCN-Signature": NodeSignature.sign(info, with: ingress.remoteKey)], body: String(buffer: info))
        #expect(told.code == 2001 && told.message?.contains("stands twice") == true, "\(told.text)")
    }
}
