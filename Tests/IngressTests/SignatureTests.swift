import Directory
import Encoding
import NIOCore
import Notary
import OCPI
import Testing

@testable import Ingress

@Suite struct SignatureTests {
    let sender = SigningKey.generate()
    let node = SigningKey.generate()
    let otherKey = SigningKey.generate()

    private static let body = #"{"id":"L1","kwh":1.50,"response_url":"https://msp.example/result/1"}"#

    // MARK: Requests of connected parties

    @Test(arguments: SignatureEncoding.allCases)
    func aRequestSignedByItsSenderGoesOn(_ encoding: SignatureEncoding) throws {
        let request = try signed(by: sender, encoding)
        let verified = try #require(try RequestSignatures(isRequired: true).check(request, in: directory()))
        #expect(verified.signatories == [sender.address])
    }

    @Test func theOperatorOfTheSender_sNodeMaySignForIt() throws {
        #expect(try RequestSignatures(isRequired: false).check(signed(by: node), in: directory())?.signatories == [node.address])
    }

    @Test func anybodyElseMayNot() throws {
        expectRefusal(try signed(by: otherKey), "neither DE-MSP nor the operator of its node")
        var unlisted = try signed(by: sender)
        unlisted.from = party("NL-XXX")
        expectRefusal(unlisted, "not in the registry")
        expectRefusal(try signed(by: sender), in: directory(address: nil), "neither DE-MSP")
    }

    @Test func whateverIsChangedOrAddedIsNoticed() throws {
        let original = try signed(by: sender)
        var request = original
        request.body = ByteBuffer(string: Self.body.replacing("L1", with: "L2"))
        expectRefusal(request, "modified")
        request.body = ByteBuffer(string: Self.body.replacing("}", with: #","more":1}"#))
        expectRefusal(request, "does not cover")
        request.body = ByteBuffer(string: Self.body.replacing("}", with: #","id":"L1"}"#))
        expectRefusal(request, "duplicate")
        request = original
        request.headers["ocpi-to-party-id"] = "XXX"
        expectRefusal(request, "modified")
        request = original
        request.params.append(JSONMember(name: "limit", value: "4"))
        expectRefusal(request, "does not cover")
    }

    @Test func aSignatureThatCannotBeReadIsRefused() throws {
        for text in ["%", "bm8gc2lnbmF0dXJl", "{}", String(repeating: "A", count: OCNSignature.maximumTextLength + 4)] {
            var request = try signed(by: sender)
            request.signature = text
            expectRefusal(request, "OCN-Signature: Signature is")
        }
    }

    @Test func aSignatureIsMissedWhereTheNodeOrTheReceiverWantsOne() throws {
        var request = try signed(by: sender)
        request.signature = nil
        #expect(try RequestSignatures(isRequired: false).check(request, in: directory()) == nil)
        expectRefusal(request, isRequired: true, "this node wants")
        var rules = directory()
        rules.apply(.rules(platform: "cpo", signatures: true, active: nil))
        expectRefusal(request, in: rules, "the receiver wants")
        request.to = nil
        #expect(try RequestSignatures(isRequired: false).check(request, in: rules) == nil, "for everybody: each recipient judges")
        #expect(try RequestSignatures(isRequired: false).check(signed(by: sender), in: rules) != nil)
    }

    @Test func whatThePartyWroteIsWhatItSigned() throws {
        var head = RequestHead(
            method: .get, path: "/ocpi/sender/2.2.1/locations", query: "date_from=2026-01-01T00%3A00%3A00Z&note=a+b%2B%C3%A9&limit=4&x=")
        head.fromCountry = "de"
        head.fromParty = "msp"
        let values = SignableValues(
            headers: [
                JSONMember(name: "ocpi-from-country-code", value: "de"), JSONMember(name: "ocpi-from-party-id", value: "msp"),
            ],
            params: [
                JSONMember(name: "date_from", value: "2026-01-01T00:00:00Z"), JSONMember(name: "note", value: "a b+é"),
                JSONMember(name: "limit", value: "4"),
            ], body: nil)
        head.signature = try OCNSignature.sign(values, with: sender, numbers: .js).text(.brotli)
        // The request has neither correlation id nor receiver; the node determines both.
        let request = SignedRequest(head, from: party("de-msp"), to: party("DE-CPO"), isCustom: false, body: nil)
        #expect(try RequestSignatures(isRequired: true).check(request, in: directory()) != nil)
    }

    @Test func aQueryThatIsBadlyEncodedIsReadAsItStands() {
        var head = RequestHead(method: .get, path: "/", query: "a=%zz&b=%F0%28&&c&=d&%41=%0x41&e=%4")
        head.correlationID = "c1"
        let request = SignedRequest(head, from: party("DE-MSP"), to: nil, isCustom: false, body: nil)
        let pairs = request.params.map { "\($0.name)=\($0.value.string ?? "")" }
        #expect(pairs == ["a=%zz", "b=%F0%28", "c=", "=d", "A=%0x41", "e=%4"])
        #expect(request.headers == ["x-correlation-id": "c1"])
    }

    @Test(arguments: ["simple string", #"[{"hello":"ingress"}]"#, #"{"key1":"value1"}"#, #""quoted""#, "{"])
    func theBodyOfACustomModuleIsSignedAsOneText(_ body: String) throws {
        var request = try signed(by: sender, body: .string(body))
        request.body = ByteBuffer(string: body)
        request.isCustom = true
        #expect(try RequestSignatures(isRequired: true).check(request, in: directory()) != nil)
        request.body = ByteBuffer(string: body + " ")
        expectRefusal(request, "modified")
        request.body = ByteBuffer(bytes: [0xFF])
        expectRefusal(request, "not UTF-8")
    }

    @Test func aBodyThatIsNoJSONIsRefused() throws {
        var request = try signed(by: sender)
        request.body = ByteBuffer(string: "{")
        expectRefusal(request, "The body is not valid JSON")
    }

    // MARK: Messages of other nodes

    @Test func aResponseURLThatTheSender_sNodeReplacedVerifies() throws {
        let (message, _) = try rewrittenMessage(by: node)
        let verified = try #require(try RequestSignatures(isRequired: true).check(SignedRequest(message), in: directory()))
        #expect(verified.signatories == [node.address, sender.address])
    }

    @Test func aResponseURLThatWasReplacedWithoutSigningAgainIsRefused() throws {
        let (message, original) = try rewrittenMessage(by: node)
        var unsigned = message
        unsigned.signature = original
        expectRefusal(SignedRequest(unsigned), "modified")
        expectRefusal(SignedRequest(try rewrittenMessage(by: otherKey).message), "neither DE-MSP")
        var missing = message
        missing.signature = nil
        expectRefusal(SignedRequest(missing), isRequired: true, "missing")
    }

    @Test func defaultsThatTheNodeAddsToAMessageDoNoHarm() throws {
        var (message, _) = try rewrittenMessage(by: node)
        message.query = ["type": "RFID"]
        #expect(try RequestSignatures(isRequired: true).check(SignedRequest(message), in: directory()) != nil)
    }

    // MARK: Helpers

    /// DE-MSP and its operator are in the registry, DE-CPO is connected here.
    private func directory(address: String?) -> Directory {
        var directory = Directory(secrets: TestIngress.secrets)
        directory.apply(
            .party(
                NetworkParty(
                    party: party("DE-MSP"), roles: ["EMSP"], partyAddress: address, operatorAddress: node.address.hex, source: "test")))
        directory.apply(
            .platform(
                Platform(
                    id: "cpo", tokenCHashes: [TokenHash.of(TestIngress.tokenCPO)], version: .v2_2_1,
                    roles: [PlatformRole(role: "CPO", party: party("DE-CPO"))])))
        directory.apply(.claim(PartyClaim(party: party("DE-CPO"), platform: "cpo", since: Timestamp(milliseconds: 1))))
        return directory
    }

    private func directory() -> Directory { directory(address: sender.address.checksummed) }

    private static let names = [
        "x-correlation-id": "c1", "ocpi-from-country-code": "DE", "ocpi-from-party-id": "MSP", "ocpi-to-country-code": "DE",
        "ocpi-to-party-id": "CPO",
    ]

    private func values(_ body: JSONValue? = nil) throws -> SignableValues {
        try SignableValues.request(body: body ?? JSONValue.parse(Self.body)) { Self.names[$0] }
    }

    /// A request from DE-MSP to DE-CPO.
    private func signed(by key: SigningKey, _ encoding: SignatureEncoding = .brotli, body: JSONValue? = nil) throws -> SignedRequest {
        var head = RequestHead(method: .post, path: "/ocpi/receiver/2.2.1/commands/START_SESSION")
        (head.correlationID, head.fromCountry, head.fromParty, head.toCountry, head.toParty) = ("c1", "DE", "MSP", "DE", "CPO")
        head.signature = try OCNSignature.sign(values(body), with: key, numbers: .jvm).text(encoding)
        return SignedRequest(head, from: party("DE-MSP"), to: party("DE-CPO"), isCustom: false, body: ByteBuffer(string: Self.body))
    }

    /// A command with its `response_url` replaced, and its original signature.
    private func rewrittenMessage(by key: SigningKey) throws -> (message: OCNMessage, original: String) {
        var values = try values()
        let original = OCNSignature.sign(values, with: sender, numbers: .js)
        let again = original.rewritten(&values, [(.responseURL, "https://node.example/result/2")], with: key, numbers: .js)
        let message = OCNMessage(
            module: .commands, interface: .receiver, method: .post, signature: try again.text(.gzip), requestID: "r1", correlationID: "c1",
            sender: party("DE-MSP"), receiver: party("DE-CPO"), urlPath: "START_SESSION", proxyUID: "2",
            proxyResource: "https://msp.example/result/1", body: values.body?.encoded())
        return (message, try original.text(.gzip))
    }

    private func expectRefusal(
        _ request: SignedRequest, in directory: Directory? = nil, isRequired: Bool = false, _ part: String,
        location: SourceLocation = #_sourceLocation
    ) {
        do throws(OCPIError) {
            try RequestSignatures(isRequired: isRequired).check(request, in: directory ?? self.directory())
            Issue.record("not refused", sourceLocation: location)
        } catch {
            #expect(error.code == .invalidParameters && error.message.contains(part), "\(error)", sourceLocation: location)
        }
    }
}

extension Directory {
    fileprivate mutating func apply(_ fact: Fact) { apply(key: fact.key, fact) }
}
