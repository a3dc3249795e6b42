import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Testing
import Topics

@testable import Delivery

@Suite struct ResigningTests {
    private let party = SigningKey.generate()
    private let hub = SigningKey.generate()

    /// Signs as the sender does.
    private func signed(
        _ record: RequestRecord, _ encoding: SignatureEncoding = .brotli, without header: String? = nil
    ) throws -> RequestRecord {
        var record = record
        var values = try #require(Resigning.values(of: record))
        values.headers.removeAll { $0.name == header }
        record.signature = try OCNSignature.sign(values, with: party, numbers: .js).text(encoding)
        return record
    }

    private func verified(_ record: RequestRecord) throws -> (signatories: [EthereumAddress], signature: OCNSignature) {
        let signature = try OCNSignature(text: try #require(record.signature))
        let verified = try signature.verify(try #require(Resigning.values(of: record)))
        #expect(verified.coversEverything)
        return (verified.signatories, signature)
    }

    @Test(arguments: SignatureEncoding.allCases)
    func aCopyIsSignedForTheServiceWithTheReceiverStashed(_ encoding: SignatureEncoding) throws {
        let original = try signed(try request(.cdrs, .receiver, .post, query: "a=%20b", body: #"{"id":"1","kwh":1.10}"#), encoding)
        for service in ["NL-BIL", "DE-TAX", "de-bil"] {
            var copy = original
            copy.to = try #require(PartyID(service))
            copy = Resigning.copy(copy, originalReceiver: original.to, key: hub)
            let (signatories, signature) = try verified(copy)
            #expect(signatories == [hub.address, party.address], "each copy begins with the sender's own signature")
            let stashed = signature.rewrites.first?.rewrittenFields ?? []
            #expect(stashed.contains(JSONMember(name: "$['headers']['ocpi-to-party-id']", value: "CPO")))
            #expect(stashed.contains(JSONMember(name: "$['headers']['ocpi-to-country-code']", value: "DE")) == !service.hasPrefix("DE"))
            #expect(try OCNSignature.encoding(of: try #require(copy.signature)) == encoding)
            #expect(copy.body == original.body && copy.query == original.query)
        }
    }

    @Test(arguments: [nil, "ocpi-to-party-id"])
    func aBroadcastIsSignedInTheHubsNameWithItsSenderStashed(without header: String?) throws {
        // There is no receiver in the headers: the hub determined that the request is a broadcast.
        var original = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: #"{"uid":"1","valid":true}"#)
        original.to = try #require(PartyID("CH-OCN"))
        original = try signed(original, without: header)
        var announced = original
        announced.from = original.to
        for recipient in ["DE-CPO", "CH-CPO"] {
            announced.to = try #require(PartyID(recipient))
            let route = AnnouncementRecord.Route(from: original.from, to: original.to)
            let (signatories, signature) = try verified(Resigning.broadcast(announced, original: route, key: hub))
            #expect(signatories == [hub.address, party.address], "each recipient gets the sender's own signature")
            let stashed = signature.rewrites.first?.rewrittenFields ?? []
            #expect(stashed.contains(JSONMember(name: "$['headers']['ocpi-from-party-id']", value: "MSP")))
            #expect(stashed.contains(JSONMember(name: "$['headers']['ocpi-from-country-code']", value: "DE")))
            #expect(stashed.first { $0.name.contains("to-party-id") }?.value == (header == nil ? "OCN" : .null))
        }
    }

    @Test func aCopyForTheReceiverItselfKeepsItsSignature() throws {
        let original = try signed(try request(.cdrs, .receiver, .post, body: "{}"))
        #expect(Resigning.copy(original, originalReceiver: original.to, key: hub).signature == original.signature)
    }

    @Test(arguments: ["", "nonsense", "e30=", "{}"])
    func whatIsNoSignatureStaysAsItIs(_ signature: String) throws {
        var copy = try request(.cdrs, .receiver, .post, body: "{}")
        copy.signature = signature
        copy.to = try #require(PartyID("DE-BIL"))
        #expect(Resigning.copy(copy, originalReceiver: try #require(PartyID("DE-CPO")), key: hub).signature == signature)
    }

    @Test func aSignatureThatDoesNotFitIsNotSignedAgain() throws {
        var copy = try signed(try request(.cdrs, .receiver, .post, body: #"{"id":"1"}"#))
        copy.body = ByteBuffer(string: #"{"id":"2"}"#)
        copy.to = try #require(PartyID("DE-BIL"))
        #expect(Resigning.copy(copy, originalReceiver: try #require(PartyID("DE-CPO")), key: hub).signature == copy.signature)
        copy.body = ByteBuffer(string: "{")
        #expect(Resigning.copy(copy, originalReceiver: try #require(PartyID("DE-CPO")), key: hub).signature == copy.signature)
    }

    @Test func aHeaderThatTheHubAddedIsTakenAwayWhenTheChangeIsUndone() throws {
        var original = try request(.cdrs, .receiver, .post, body: #"{"id":"1"}"#)
        original = try signed(original, without: "ocpi-to-party-id")
        var copy = original
        copy.to = try #require(PartyID("DE-BIL"))
        copy = Resigning.copy(copy, originalReceiver: original.to, key: hub)
        let (signatories, signature) = try verified(copy)
        #expect(signatories == [hub.address, party.address])
        #expect(signature.rewrites.first?.rewrittenFields == [JSONMember(name: "$['headers']['ocpi-to-party-id']", value: .null)])
    }

    @Test func aReplacedResponseURLIsStashedWhereverItStands() throws {
        let url = "https://msp.example/cb?x=1"
        let requests: [(RequestRecord, String)] = [
            (
                try request(.commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(url)","n":1.0}"#),
                "$['body']['response_url']"
            ),
            (
                try request(.chargingprofiles, .receiver, .get, path: "S1", query: "duration=900&response_url=" + PercentText.encoded(url)),
                "$['params']['response_url']"
            ),
        ]
        for (unsigned, place) in requests {
            let original = try signed(unsigned, .gzip)
            let found = try #require(try Rewrites.responseURL(of: original))
            let changed = Rewrites.replacing(found, with: "https://hub.example/t", in: original, key: hub)
            let (signatories, signature) = try verified(changed)
            #expect(signatories == [hub.address, party.address])
            #expect(signature.rewrites.first?.rewrittenFields == [JSONMember(name: place, value: .string(url))])
            #expect(Rewrites.replacing(found, with: "https://hub.example/t", in: unsigned, key: hub).signature == nil)
        }
    }

    @Test func theBodyOfACustomModuleIsSignedAsText() throws {
        let original = try signed(try request(ModuleID(rawValue: "wishes"), .receiver, .post, body: "simple string"))
        #expect(try verified(original).signatories == [party.address])
    }

    // MARK: Answers

    private let link = #"<https://cpo.example/first>; rel="first", <https://cpo.example/2>; rel="next""#

    private func answer(_ headers: HTTPHeaders, _ before: String, _ after: String) throws -> ByteBuffer {
        let values = SignableValues.response(envelope: try JSONValue.parse(before + after)) { name in headers.first(name: name) }
        let signature = try OCNSignature.sign(values, with: party, numbers: .js).text(.brotli)
        return ByteBuffer(string: before + #""ocn_signature" : "\#(signature)","# + after)
    }

    @Test func aReplacedLinkIsStashedInTheAnswersSignatureAndNoOtherByteChanges() throws {
        let headers: HTTPHeaders = ["Link": link, "X-Limit": "2", "X-Total-Count": "5"]
        let (before, after) = (#"{ "data":[ 1.10 ], "#, #" "status_code":1000, "timestamp":"2026-01-01T00:00:00Z"} "#)
        let new = LinkHeader.next("https://hub.example/page/1")
        let body = Resigning.answer(try answer(headers, before, after), headers, replacing: .link, by: new, key: hub)
        let text = String(buffer: body)
        #expect(text.hasPrefix(before + #""ocn_signature" : ""#) && text.hasSuffix(#"","# + after))
        var changed = headers
        changed.replaceOrAdd(name: "Link", value: new)
        let values = SignableValues.response(envelope: try JSONValue.parse(body)) { name in changed.first(name: name) }
        let signature = try OCNSignature(text: try #require(body.jsonString(["ocn_signature"])))
        #expect(try signature.verify(values).signatories == [hub.address, party.address])
        #expect(signature.rewrites.first?.rewrittenFields == [JSONMember(name: "$['headers']['link']", value: .string(link))])
    }

    @Test func aReplacedLocationIsStashedToo() throws {
        let headers: HTTPHeaders = ["Location": "https://cpo.example/cdrs/1"]
        let signed = try answer(headers, "{", #""status_code":1000}"#)
        let body = Resigning.answer(signed, headers, replacing: .location, by: "https://hub.example/cdrs/t", key: hub)
        let values = SignableValues.response(envelope: try JSONValue.parse(body)) { $0 == "location" ? "https://hub.example/cdrs/t" : nil }
        let signature = try OCNSignature(text: try #require(body.jsonString(["ocn_signature"])))
        #expect(try signature.verify(values).signatories == [hub.address, party.address])
    }

    @Test(arguments: [
        #"{"status_code":1000}"#, #"{"ocn_signature":null,"status_code":1000}"#, #"{"ocn_signature":1}"#, #"{"ocn_signature":""}"#,
        #"{"ocn_signature":"nonsense","status_code":1000}"#, #"{"ocn_signature":"e30="#, "no JSON", "",
    ])
    func anAnswerWithoutAUsableSignaturePassesAsItCame(_ text: String) {
        let body = ByteBuffer(string: text)
        #expect(Resigning.answer(body, ["Link": link], replacing: .link, by: "<https://hub>; rel=next", key: hub) == body)
    }
}
