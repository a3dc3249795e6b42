import Encoding
import NIOCore
import Notary
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// Copies of another node for services of this node, and the header `OCN-Not-Done`.
@Suite struct NodeCopiesTests {
    /// DE-MSP is a service with an agreement of NL-REM, OcnRules that block all senders, and a rule that stores tokens.
    private func ingress(
        isAgreed: Bool = true, answer: @escaping @Sendable (RequestRecord) -> ReplyRecord? = { TestIngress.ok($0) }
    ) throws -> TestIngress {
        let ingress = TestIngress(bodyLimit: 4096, answer: answer)
        let (service, user) = (party("DE-MSP"), party("NL-REM"))
        var facts: [Fact] = [
            .endpoints(platform: "msp", [Endpoint(module: .tokens, interface: .receiver, url: "https://msp.example/tokens")]),
            .service(NetworkService(provider: service, name: "Copies", permissions: [0], source: "test")),
            .storeRule(try StoreRule(recipient: service, module: .tokens, method: .put)),
        ]
        if isAgreed { facts.append(.agreement(Agreement(user: user, provider: service, source: "test"))) }
        for fact in facts { ingress.apply(fact) }
        return ingress
    }

    private let closed = Fact.rules(platform: "msp", signatures: false, active: .whitelist)

    private func send(
        _ text: String, to ingress: TestIngress, copyID: String? = nil, signedBy key: SigningKey? = nil
    ) async throws -> Answer {
        var headers = [
            "X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(ByteBuffer(string: text), with: key ?? ingress.remoteKey),
        ]
        headers["OCN-Caller-Version"] = "2.2.1"
        headers["OCN-Copy-ID"] = copyID
        return try await ingress.ask("POST", "/ocn/message", headers, body: text)
    }

    // MARK: Copies

    @Test func aCopyKeepsItsIDAndWaitsForItsService() async throws {
        let ingress = try ingress()
        #expect(try await send(TestIngress.nodeMessage(), to: ingress, copyID: "0123456789abcdef").code == 1000)
        let copy = try #require(ingress.produced.first)
        #expect(copy.copyID == "0123456789abcdef" && copy.reply != nil && !copy.isStored, "the sender's node hears what the service says")
        #expect(ingress.state.withLock { $0.objects.isEmpty }, "the service is nobody's customer")
        // The header is not signed, but leaving it out does not change the result.
        #expect(try await send(TestIngress.nodeMessage(), to: ingress).code == 1000)
        #expect(ingress.produced.last?.copyID == nil && ingress.produced.last?.isStored == false)
        let withoutAgreement = try self.ingress(isAgreed: false)
        #expect(try await send(TestIngress.nodeMessage(), to: withoutAgreement, copyID: "0123456789abcdef").code == 1000)
        #expect(withoutAgreement.produced.first?.isStored == true)
    }

    @Test(arguments: ["", "a b", "a/b", "a\tb", String(repeating: "a", count: 65)])
    func whatIsNoIDIsNotPassedOn(_ id: String) async throws {
        let ingress = try ingress()
        #expect(try await send(TestIngress.nodeMessage(), to: ingress, copyID: id).code == 1000)
        #expect(ingress.produced.first?.copyID == nil)
    }

    @Test func rulesDoNotStopWhatTheSenderHasAgreedTo() async throws {
        for (isAgreed, id, code) in [(true, "1", 1000), (true, nil, 2000), (false, "1", 2000)] {
            let ingress = try ingress(isAgreed: isAgreed)
            ingress.apply(closed)
            #expect(try await send(TestIngress.nodeMessage(), to: ingress, copyID: id).code == code, "\(isAgreed) \(id ?? "no copy")")
            #expect(ingress.produced.count == (code == 1000 ? 1 : 0))
        }
    }

    @Test func aCopyOfAResultHasNoTokenAtItsEnd() async throws {
        for (module, path) in [(ModuleID.commands, "START_SESSION"), (.chargingprofiles, ""), (.chargingprofiles, "S1")] {
            let text = try TestIngress.nodeMessage { ($0.module, $0.interface, $0.method, $0.urlPath) = (module, .sender, .post, path) }
            let ingress = try ingress()
            #expect(try await send(text, to: ingress, copyID: "1").code == 1000, "\(module) \(path)")
            #expect(ingress.produced.first?.path == path)
            let unsaid = try await send(text, to: ingress)
            #expect(path == "S1" ? unsaid.code == 1000 : [404, 405].contains(unsaid.status), "\(module) \(path): \(unsaid.status)")
        }
        let nonsense = try TestIngress.nodeMessage { ($0.module, $0.method, $0.urlPath) = (.cdrs, .delete, "x/y") }
        #expect(try await send(nonsense, to: ingress(), copyID: "1").status >= 400, "a copy has a place too")
    }

    // MARK: What was not done

    @Test func whatIsRefusedIsSaidNotToBeDone() async throws {
        let ingress = try ingress()
        ingress.apply(closed)
        for (text, said) in [
            (try TestIngress.nodeMessage(), "refused"), (try TestIngress.nodeMessage { $0.receiver = party("FR-OFF") }, "hindered"),
            (try TestIngress.nodeMessage { $0.receiver = party("DE-XXX") }, "hindered"),
            (try TestIngress.nodeMessage { $0.method = .delete }, "refused"),
            ("{}", "refused"),
        ] { #expect(try await send(text, to: ingress)["OCN-Not-Done"] == said, "\(text)") }
        ingress.apply(.status(platform: "msp", .offline, Timestamp(milliseconds: 2)))
        #expect(try await send(TestIngress.nodeMessage(), to: ingress)["OCN-Not-Done"] == "hindered")
        #expect(ingress.produced.isEmpty)
    }

    /// These are 4003 and 4001 too, but for reasons other than the recipient's state.
    @Test func whatIsWrongWithTheSenderDoesNotHinderTheRecipient() async throws {
        let ingress = try ingress()
        let forged = try await send(TestIngress.nodeMessage(), to: ingress, signedBy: .generate())
        #expect(forged.code == 4003 && forged["OCN-Not-Done"] == "refused")
        let malformed = try await ingress.ask(
            "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": "0x12"], body: TestIngress.nodeMessage())
        #expect(malformed.code == 4003 && malformed["OCN-Not-Done"] == "refused")
        let unknown = try await send(TestIngress.nodeMessage { $0.sender = party("XX-XXX") }, to: ingress)
        #expect(unknown.code == 4001 && unknown["OCN-Not-Done"] == "refused")
        ingress.apply(.node(NetworkNode(operatorAddress: "nonsense", url: "https://other.example", source: "test")))
        ingress.apply(.party(NetworkParty(party: party("NL-REM"), roles: ["CPO"], operatorAddress: "nonsense", source: "test")))
        let nameless = try await send(TestIngress.nodeMessage(), to: ingress)
        #expect(nameless.code == 4003 && nameless.message?.contains("no usable address") == true)
        #expect(nameless["OCN-Not-Done"] == "refused" && ingress.produced.isEmpty)
    }

    @Test func whatCameOfARequestIsSaidAsEXCHANGESaysIt() async throws {
        for (outcome, notDone) in [
            (ReplyOutcome.refused, NotDone.hindered), (.unreachable, .refused), (.expired, .refused), (.timeout, nil), (.answered, nil),
        ] {
            let ingress = TestIngress(bodyLimit: 4096) { request in
                var reply = TestIngress.ok(request)
                (reply.outcome, reply.notDone) = (outcome, notDone)
                return reply
            }
            #expect(try await send(TestIngress.nodeMessage(), to: ingress)["OCN-Not-Done"] == notDone?.rawValue, "\(outcome)")
            let party = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers())
            #expect(party["OCN-Not-Done"] == nil && party.code != nil, "it is between nodes")
        }
    }

    @Test func whatNobodyKnowsIsNotSaidToBeUndone() async throws {
        let silent = TestIngress(timeout: .seconds(60), bodyLimit: 4096) { _ in nil }
        async let asked = send(TestIngress.nodeMessage(), to: silent)
        while silent.produced.isEmpty { await Task.yield() }
        silent.pending.sweep(now: .now() + .seconds(61))
        let answer = try await asked
        #expect(answer.code == 4002 && answer["OCN-Not-Done"] == nil)
    }
}

extension TestIngress {
    fileprivate func apply(_ fact: Fact) { state.withLock { $0.directory.apply(key: fact.key, fact) } }
}
