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

@Suite struct MessageTests {
    func message(_ change: (inout OCNMessage) -> Void = { _ in }) throws -> String {
        var message = OCNMessage(
            module: .tokens, interface: .receiver, method: .put, requestID: "r7", correlationID: "c7",
            sender: party("NL-REM"), receiver: party("DE-MSP"), urlPath: "/NL/REM/T 1",
            query: .object(["type": "RFID", "limit": 5]), body: ByteBuffer(string: #"{"uid":"T 1"}"#))
        change(&message)
        return String(buffer: try message.encoded())
    }

    func send(_ text: String, to ingress: TestIngress, signedBy key: SigningKey? = nil, signing: String? = nil) async throws -> Answer {
        let signature = NodeSignature.sign(ByteBuffer(string: signing ?? text), with: key ?? ingress.remoteKey)
        return try await ingress.ask("POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": signature], body: text)
    }

    @Test func messageBecomesARecord() async throws {
        let ingress = TestIngress(bodyLimit: 4096) { request in
            var reply = TestIngress.ok(request)
            reply.httpStatus = 201
            reply.headers = ["Location": "https://msp.example/1"]
            return reply
        }
        let answer = try await send(message(), to: ingress)
        #expect(answer.status == 201)
        #expect(answer.code == 1000)
        #expect(answer["Location"] == "https://msp.example/1")
        #expect(answer["OCPI-to-party-id"] == nil)
        let record = try #require(ingress.produced.first)
        #expect(record.origin == .node("https://other.example"))
        #expect(record.from == party("NL-REM"))
        #expect(record.to == party("DE-MSP"))
        #expect(record.requestID == "r7")
        #expect(record.correlationID == "c7")
        #expect(record.signature == nil)
        #expect(record.path == "NL/REM/T%201")
        #expect(record.query == "type=RFID&limit=5")
        #expect(record.version == .v2_2)
        #expect(record.body.map { String(buffer: $0) } == #"{"uid":"T 1"}"#)
        #expect(record.target == nil)
        #expect(record.key == "NL-REM|tokens|T%201")
    }

    @Test func signatureOfTheCanonicalFormIsEnough() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let canonical = try message()
        let spaced = canonical.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ", ")
        #expect(try await send(spaced, to: ingress, signing: canonical).status == 200)
        #expect(ingress.produced.count == 1)
    }

    @Test func signatureOfSomebodyElseIsRefused() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let answer = try await send(message(), to: ingress, signedBy: .generate())
        #expect(answer.status == 200)
        #expect(answer.code == 4003)
        let altered = try message().split(separator: "RFID", omittingEmptySubsequences: false).joined(separator: "OTHER")
        #expect(try await send(altered, to: ingress, signing: message()).code == 4003)
        #expect(ingress.produced.isEmpty)
    }

    /// A tree needs many times the memory of its message: an unauthenticated caller must not make the node build one.
    @Test(arguments: [true, false]) func nothingButTheSenderIsReadBeforeTheSignerIsKnown(_ isVerbatim: Bool) async throws {
        let ingress = TestIngress(bodyLimit: 4096, remoteIsVerbatim: isVerbatim)
        for (good, bad) in [
            (#""module":"TOKENS""#, #""module":"NONE""#), (#""method":"PUT""#, #""method":"PUT","method":"PUT""#),
            (#""url_path":"/NL/REM/T 1""#, #""url_path":[[0],[0]]"#),
        ] {
            let text = try message().replacing(good, with: bad)
            #expect(try await send(text, to: ingress).code == 2001, "\(bad)")
            #expect(try await send(text, to: ingress, signedBy: .generate()).code == 4003, "\(bad)")
        }
        let nobody = try message { $0.receiver = party("XX-XXX") }
        #expect(try await send(nobody, to: ingress, signedBy: .generate()).code == 4003)
        #expect(ingress.produced.isEmpty)
    }

    @Test func aNodeThatKeepsBytesSignsWhatItSends() async throws {
        let ingress = TestIngress(bodyLimit: 4096, remoteIsVerbatim: true)
        let canonical = try message()
        let spaced = canonical.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ", ")
        #expect(try await send(spaced, to: ingress, signing: canonical).code == 4003 && ingress.produced.isEmpty)
        #expect(try await send(spaced, to: ingress).status == 200 && ingress.produced.count == 1)
    }

    @Test func fewWaitForACanonicalForm() async throws {
        let key = SigningKey.generate()
        let canonical = ByteBuffer(string: try message())
        let signature = NodeSignature.sign(canonical, with: key)
        let spaced = ByteBuffer(string: String(buffer: canonical) + " ")
        let forms = CanonicalForms()
        // More than the limit in total: the capacity is released again.
        for _ in 0..<40 {
            #expect(try await forms.form(of: spaced, signedBy: key.address, signature, from: "a") == canonical)
            #expect(try await forms.form(of: spaced, signedBy: .zero, signature, from: "a") == nil)
        }
        for limits in [UnauthenticatedBudget.Limits(requests: 0), UnauthenticatedBudget.Limits(perAddress: 0)] {
            await #expect(throws: OCPIError.busy) {
                try await CanonicalForms(limits).form(of: spaced, signedBy: key.address, signature, from: "a")
            }
        }
    }

    @Test func malformedSignatureIsRefused() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let answer = try await ingress.ask("POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": "0x12"], body: message())
        #expect(answer.status == 200)
        #expect(answer.code == 4003)
        #expect(ingress.produced.isEmpty)
    }

    @Test(arguments: ["X-Request-ID", "OCN-Signature"])
    func missingHeaderIsRefused(_ name: String) async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let headers = ["X-Request-ID": "hop", "OCN-Signature": "00"].filter { $0.key != name }
        let answer = try await ingress.ask("POST", "/ocn/message", headers, body: message())
        #expect(answer.status == 400)
        #expect(answer.code == 2001)
        #expect(answer.message?.contains(name) == true)
    }

    @Test(arguments: [
        ("XX-XXX", "DE-MSP", 4001), ("NL-REM", "DE-XXX", 4001), ("NL-REM", "FR-OFF", 4003), ("NL-REM", "NL-REM", 4001),
        ("DE-CPO", "DE-MSP", 4003),
    ])
    func partiesMustFit(_ sender: String, _ receiver: String, _ code: Int) async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let text = try message {
            $0.sender = party(sender)
            $0.receiver = party(receiver)
        }
        let answer = try await send(text, to: ingress)
        #expect(answer.status == 200)
        #expect(answer.code == code)
        #expect(ingress.produced.isEmpty)
    }

    @Test(arguments: ["", "{", "[]", "{}"])
    func whatIsNoMessageIsRefused(_ text: String) async throws {
        let ingress = TestIngress()
        let answer = try await send(text, to: ingress)
        #expect(answer.status == 400)
        #expect(answer.code == 2001)
        #expect(ingress.produced.isEmpty)
    }

    /// An object from another node is recorded like one from a party here.
    @Test func aSessionThatAnotherNodeBroughtIsFoundWithoutReceiver() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let session = try message {
            $0.module = .sessions
            $0.urlPath = "/NL/REM/S*1"
            $0.query = nil
            $0.body = ByteBuffer(string: #"{"id":"S*1"}"#)
        }
        #expect(try await send(session, to: ingress).code == 1000)
        let toNobody = headers(HubAddressedTests.toNobody)
        let url = "https%3A%2F%2Fmsp.example%2Fcb"
        for version in ["2.2", "2.2.1"] {
            for (method, path, body) in [
                ("POST", "receiver/\(version)/commands/STOP_SESSION", #"{"response_url":"https://msp.example/1","session_id":"s*1"}"#),
                ("PUT", "sender/\(version)/sessions/S%2A1/charging_preferences", "{}"),
                ("PUT", "receiver/\(version)/chargingprofiles/S%2A1", #"{"response_url":"https://msp.example/1"}"#),
                ("GET", "receiver/\(version)/chargingprofiles/S*1?duration=60&response_url=\(url)", nil),
                ("DELETE", "receiver/\(version)/chargingprofiles/S*1?response_url=\(url)", nil),
            ] as [(String, String, String?)] {
                let answer = try await ingress.ask(method, "/ocpi/\(path)", toNobody, body: body)
                #expect(answer.code == 1000 && ingress.produced.last?.to == party("NL-REM"), "\(method) \(path)")
            }
        }
    }

    @Test func whoHasNoSuchRoleIsNotTakenForAnOwnerInMessagesEither() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        #expect(try await send(message { $0.urlPath = "/NL/REM/T1" }, to: ingress).code == 1000)
        let session = try message {
            $0.module = .sessions
            $0.query = nil
            $0.urlPath = "/DE/CPO/S1"
        }
        #expect(try await send(session, to: ingress).code == 1000)
        #expect(ingress.state.withLock { $0.objects.isEmpty }, "a CPO has no tokens, and nobody others' sessions")
    }

    @Test func configurationModulesAreNotForwarded() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let answer = try await send(message { $0.module = .credentials }, to: ingress)
        #expect(answer.status == 400)
        #expect(answer.code == 2001)
    }

    @Test func proxyUIDIsKeptBeforeTheRequestIsProduced() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let text = try message {
            $0.module = .commands
            $0.method = .post
            $0.urlPath = "UNLOCK_CONNECTOR"
            $0.proxyUID = "uid-1"
            $0.proxyResource = "https://rem.example/commands/UNLOCK_CONNECTOR/9"
        }
        #expect(try await send(text, to: ingress).status == 200)
        let link = try #require(ingress.state.withLock { $0.published.first })
        #expect(link.id == "uid-1")
        #expect(link.capability.kind == .callback)
        #expect(link.capability.owner == party("NL-REM"))
        #expect(link.capability.user == party("DE-MSP"))
        #expect(link.capability.target == .url("https://rem.example/commands/UNLOCK_CONNECTOR/9"))
        #expect(link.capability.expires > .now)
        #expect(ingress.produced.first?.target == nil)
    }

    /// A reservation may be cancelled until it ends.
    @Test(arguments: ["RESERVE_NOW", "RESERVE_NOW/", "/RESERVE_NOW/"]) func theLinkOfAReservationOutlivesIt(_ path: String) async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let end = Timestamp.now.adding(milliseconds: 10 * 86_400_000)
        let text = try message {
            ($0.module, $0.method, $0.urlPath, $0.query) = (.commands, .post, path, nil)
            ($0.proxyUID, $0.proxyResource) = ("uid-1", "https://rem.example/9")
            $0.body = ByteBuffer(string: #"{"response_url":"https://hub.example/9","expiry_date":"\#(end)"}"#)
        }
        let answer = try await send(text, to: ingress)
        let link = try #require(ingress.state.withLock { $0.published.first }, "\(answer.text)")
        #expect(link.capability.expires > end && ingress.produced.first?.path == "RESERVE_NOW")
    }

    @Test func linkThatCannotBeKeptStopsTheRequest() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        ingress.state.withLock { $0.produceError = KafkaError(operation: "produce", code: -192) }
        let text = try message {
            $0.proxyUID = "uid-1"
            $0.proxyResource = "https://rem.example/9"
        }
        let answer = try await send(text, to: ingress)
        #expect(answer.code == 3000)
        #expect(ingress.produced.isEmpty)
    }

    @Test func whoseLinkIsNotKeptIsToldWhy() async throws {
        for (error, code, words) in [(LinkError.quota(party("NL-REM"), limit: 7), 2000, "7 hub URLs"), (.taken, 2001, "nothing was sent")] {
            let ingress = TestIngress(bodyLimit: 4096)
            ingress.state.withLock { $0.linkError = error }
            let text = try message {
                $0.proxyUID = "uid-1"
                $0.proxyResource = "https://rem.example/9"
            }
            let answer = try await send(text, to: ingress)
            #expect(answer.status == 400 && answer.code == code && answer.message?.contains(words) == true)
            #expect(ingress.produced.isEmpty)
        }
    }

    // MARK: The caller's version

    /// The caller's node passes on this node's error, so it must use the caller's version.
    @Test func refusalsComeInTheVersionOfTheCaller() async throws {
        let ingress = TestIngress(bodyLimit: 4096) { request in
            var reply = TestIngress.ok(request)
            reply.outcome = .unreachable
            reply.status = .hubError
            return reply
        }
        func ask(_ text: String, _ version: String?) async throws -> Answer {
            var headers = ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(ByteBuffer(string: text), with: ingress.remoteKey)]
            headers["OCN-Caller-Version"] = version
            return try await ingress.ask("POST", "/ocn/message", headers, body: text)
        }
        let forbidden = try message { $0.method = .delete }
        for (version, status, code) in [("2.2.1", 200, 4000), ("2.2", 200, 3000), (nil, 200, 3000), ("9", 200, 3000)] {
            let answer = try await ask(message(), version)
            #expect(answer.status == status && answer.code == code, "\(version ?? "none")")
            #expect(try await ask(forbidden, version).status == 405)
        }
        #expect(ingress.produced.map(\.version) == [.v2_2_1, .v2_2, .v2_2, .v2_2])
        let refused = try message { $0.receiver = party("NL-REM") }
        #expect(try await ask(refused, "2.2.1").code == 4001)
        let module = try message { $0.module = .credentials }
        #expect(try await ask(module, "2.2.1").status == 200)
        #expect(try await ask(module, "2.2").status == 400)
    }

    // MARK: Custom modules

    @Test func bodiesOfCustomModulesTravelAsText() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let text = try message {
            $0.module = ModuleID(rawValue: "parking")
            $0.isCustom = true
            $0.body = ByteBuffer(string: "simple string")
        }
        #expect(try await send(text, to: ingress).status == 200)
        #expect(ingress.produced.first?.body.map { String(buffer: $0) } == "simple string")
        #expect(ingress.produced.first?.module == ModuleID(rawValue: "parking"))
    }

    // MARK: Parts of URLs

    @Test func pathsAreEncodedWhereTheyMustBe() {
        #expect(URLText.path("/a b/ä?x#y%zz%20") == "a%20b/%C3%A4%3Fx%23y%25zz%20")
        #expect(URLText.path("") == "")
        #expect(URLText.path("%") == "%25")
        #expect(URLText.path("DE/CPO/LOC1") == "DE/CPO/LOC1")
        #expect(URLText.path("/DE/CPO/LOC1/") == "DE/CPO/LOC1" && URLText.path("/") == "" && URLText.path("a/", isVerbatim: true) == "a")
    }

    /// Nodes of this project forward bytes unchanged, which the registry marks as `verbatim`.
    @Test func pathAndQueryOfANodeThatKeepsBytesStayAsTheyAre() async throws {
        let path = "NL/REM/a|b%20C%FF%[1]"
        let query = "?flag&x=a|b&date_from=2026-01-01T00%3A00%3A00Z&y=a+b"
        #expect(URLText.path(path, isVerbatim: true) == path)
        #expect(URLText.path("/a b?c#d\\", isVerbatim: true) == #"a%20b%3Fc%23d\"#, "what divides a URL is encoded all the same")
        let params: JSONValue = ["?flag": "", "x": "a|b", "date_from": "2026-01-01T00:00:00Z", "y": "a b"]
        #expect(URLText.query(query, saying: params) == query)
        // The signed path counts, not the one in the query.
        for other in ["x=a", query + "&z=1", "?flag&x=a|c&date_from=2026-01-01T00%3A00%3A00Z&y=a+b", query + "#"] {
            #expect(URLText.query(other, saying: params) == nil)
        }

        let text = try message {
            $0.urlPath = path
            $0.query = params
            $0.queryText = query
        }
        let (plain, keeping) = (TestIngress(bodyLimit: 4096), TestIngress(bodyLimit: 4096, remoteIsVerbatim: true))
        for ingress in [plain, keeping] { #expect(try await send(text, to: ingress).status == 200) }
        #expect(keeping.produced.first?.path == path && keeping.produced.first?.query == query)
        #expect(plain.produced.first?.path == "NL/REM/a%7Cb%20C%FF%25%5B1%5D")
        #expect(plain.produced.first?.query?.hasPrefix("%3Fflag=&") == true)
    }

    @Test func queriesAreEncoded() {
        #expect(
            URLText.query(.object(["date_from": "2026-01-01T00:00:00Z", "a&b": "c=d e", "n": .null, "t": true, "f": .number("1.5")]))
                == "date_from=2026-01-01T00:00:00Z&a%26b=c%3Dd%20e&t=true&f=1.5")
        #expect(URLText.query([:]) == nil)
    }

    // MARK: Registry

    @Test func nodeTellsWhoItIs() async throws {
        let answer = try await TestIngress().ask("GET", "/ocn/registry/node-info")
        #expect(answer.status == 200)
        #expect(answer.text == #"{"url":"https://hub.example","address":"0x00000000000000000000000000000000000000aa"}"#)
    }

    @Test func nodeOfAPartyIsTold() async throws {
        let ingress = TestIngress()
        #expect(try await ingress.ask("GET", "/ocn/registry/node/n%6C/R%45M").json?["url"]?.string == "https://other.example")
        let found = try await ingress.ask("GET", "/ocn/registry/node/nl/rem")
        #expect(found.json?["url"]?.string == "https://other.example")
        #expect(found.json?["address"]?.string == ingress.remoteKey.address.hex)
        let unknown = try await ingress.ask("GET", "/ocn/registry/node/XX/YYY")
        #expect(unknown.status == 200)
        #expect(unknown.json?.string?.hasSuffix("not registered on the network") == true)
        #expect(try await ingress.ask("PUT", "/ocn/registry/node-info").status == 405)
        #expect(try await ingress.ask("GET", "/ocn/registry/nodes").status == 404)
    }
}
