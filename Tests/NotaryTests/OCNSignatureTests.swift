import Encoding
import Notary
import Testing

@Suite struct OCNSignatureTests {
    let party = SigningKey.generate()
    let hub = SigningKey.generate()

    private func request(_ body: String) throws -> SignableValues {
        let headers = [
            "x-correlation-id": "456", "ocpi-from-country-code": "DE", "ocpi-from-party-id": "ABC", "ocpi-to-country-code": "DE",
            "ocpi-to-party-id": "XYZ", "link": "not signed in requests", "x-request-id": "1",
        ]
        return try SignableValues.request(body: JSONValue.parse(body)) { headers[$0] }
    }

    @Test func signsFiveHeadersOfARequest() throws {
        let values = try request(#"{"id":"1"}"#)
        #expect(values.headers.map(\.name) == SignableValues.requestHeaders)
        let signature = OCNSignature.sign(values, with: party, numbers: .js)
        #expect(signature.fields.last == "$['body']['id']")
        #expect(signature.fields.count == 6)
        #expect(signature.signatory == party.address)
        #expect(signature.rewrites.isEmpty)
    }

    @Test func signsResponsesWithoutTheirSignature() throws {
        let envelope = try JSONValue.parse(#"{"status_code":1000,"ocn_signature":"G+YB","ocn_verification_status":"VERIFIED"}"#)
        let values = SignableValues.response(envelope: envelope) { $0 == "x-limit" ? "5" : nil }
        let signature = OCNSignature.sign(values, with: party, numbers: .jvm)
        #expect(signature.fields == ["$['headers']['x-limit']", "$['body']['status_code']"])
        #expect(try signature.verify(values).coversEverything)
    }

    @Test func aChangedValueIsNoticed() throws {
        let values = try request(#"{"id":"1","kwh":1.5,"ok":true}"#)
        let signature = OCNSignature.sign(values, with: party, numbers: .js)
        for body in [
            #"{"id":"2","kwh":1.5,"ok":true}"#, #"{"id":"1","kwh":1.6,"ok":true}"#, #"{"id":"1","kwh":1.5,"ok":false}"#,
            #"{"id":"1","kwh":1.5}"#, #"{"id":"1","kwh":1.5,"ok":null}"#, #"{"id":"","kwh":1.5,"ok":true}"#, "null",
        ] {
            #expect(throws: SignatureError.modified) { try signature.verify(request(body)) }
        }
        var other = values
        other[.toParty] = "ZZZ"
        #expect(throws: SignatureError.modified) { try signature.verify(other) }
    }

    @Test func theOrderOfMembersDoesNotMatterToTheVerifier() throws {
        let signature = try OCNSignature.sign(request(#"{"a":"1","b":{"c":2,"d":[3,4]},"e":"5"}"#), with: party, numbers: .js)
        let verified = try signature.verify(request(#"{"e":"5","b":{"d":[3,4],"c":2.0},"a":"1"}"#))
        #expect(verified.coversEverything)
        #expect(verified.signatories == [party.address])
    }

    @Test func anotherSignatoryIsNoticed() throws {
        let values = try request(#"{"id":"1"}"#)
        var json = OCNSignature.sign(values, with: party, numbers: .js).json.members ?? []
        let index = try #require(json.firstIndex { $0.name == "signatory" })
        json[index].value = .string(hub.address.hex)
        let forged = try OCNSignature(json: .object(json))
        #expect(throws: SignatureError.wrongSignatory) { try forged.verify(values) }
    }

    @Test func duplicateMembersAreRefused() throws {
        let signature = try OCNSignature.sign(request(#"{"id":"1"}"#), with: party, numbers: .js)
        let many = (0..<9).map { #""m\#($0)":"","# }.joined()
        for body in [
            #"{"id":"1","id":"2"}"#, #"{"id":"1","id":null}"#, #"{"id":"1","x":[{"y":{},"y":[]}]}"#,
            #"{\#(many)"id":"1","m3":""}"#,
        ] {
            let values = try request(body)
            #expect(throws: SignatureError.ambiguous) { try signature.verify(values) }
            #expect(!signature.covers(values))
        }
        #expect(try signature.verify(request(#"{\#(many)"id":"1"}"#)).coversEverything)
    }

    /// The decomposed and the composed letter are the same to Swift's `String`, not to other languages.
    @Test func canonicallyEquivalentNamesDiffer() throws {
        let signature = try OCNSignature.sign(request("{\"\u{e9}\":\"1\"}"), with: party, numbers: .js)
        #expect(try signature.verify(request("{\"\u{e9}\":\"1\"}")).coversEverything)
        #expect(throws: SignatureError.modified) { try signature.verify(request("{\"e\u{301}\":\"1\"}")) }
        #expect(try !signature.verify(request("{\"\u{e9}\":\"1\",\"e\u{301}\":\"2\"}")).coversEverything)
    }

    @Test func aNameThatLooksLikeAPathCoversNothing() throws {
        let signature = try OCNSignature.sign(request(#"{"a":{"b":"x"}}"#), with: party, numbers: .js)
        #expect(throws: SignatureError.modified) { try signature.verify(request(#"{"a']['b":"x"}"#)) }
        let both = try request(#"{"a":{"b":"x"},"a']['b":"y"}"#)
        #expect(try !signature.verify(both).coversEverything)
        #expect(!signature.covers(both))
    }

    @Test func anEmptyFieldListCoversOnlyEmptyMessages() throws {
        let nothing = SignableValues(headers: [], body: nil)
        let signature = OCNSignature.sign(nothing, with: party, numbers: .js)
        #expect(try signature.verify(nothing).coversEverything)
        #expect(try !signature.verify(request(#"{"id":"1"}"#)).coversEverything)
    }

    @Test func fieldsMayBeSpelledInUpperCase() throws {
        let values = try request(#"{"id":"1"}"#)
        var json = OCNSignature.sign(values, with: party, numbers: .js).json.members ?? []
        let fields = try #require(json[0].value.array)
        json[0].value = .array(fields.map { .string(($0.string ?? "").uppercased()) })
        #expect(try OCNSignature(json: .object(json)).verify(values).coversEverything)
    }

    @Test func aRewriteIsUndoneAndItsSignatoriesNamed() throws {
        var values = try request(#"{"response_url":"https://party.example/1","id":"L1","kwh":1.0}"#)
        let original = values
        let first = OCNSignature.sign(values, with: party, numbers: .jvm)
        let numbers = try first.verify(values).numbers
        #expect(numbers == .jvm)
        let second = first.rewritten(&values, [(.responseURL, "https://hub.example/2")], with: hub, numbers: numbers)
        #expect(values[.responseURL] == "https://hub.example/2")
        let third = second.rewritten(&values, [(.toCountry, "NL"), (.toParty, "SRV")], with: hub, numbers: numbers)
        #expect(try third.verify(values).signatories == [hub.address, hub.address, party.address])
        #expect(third.rewrites[0].rewrittenFields == [JSONMember(name: "$['body']['response_url']", value: "https://party.example/1")])
        #expect(throws: SignatureError.modified) { try third.verify(original) }
        let carried = try OCNSignature(text: third.text(.gzip))
        #expect(try carried.verify(values).coversEverything)
    }

    @Test func aFalseOriginalValueIsNoticed() throws {
        var values = try request(#"{"response_url":"https://party.example/1"}"#)
        let signature = OCNSignature.sign(values, with: party, numbers: .js)
            .rewritten(&values, [(.responseURL, "https://hub.example/2")], with: hub, numbers: .js)
        for (old, new, error) in [
            ("https://party.example/1", "https://party.example/3", SignatureError.rewriteModified(0)),
            (#""https://party.example/1""#, #"["https://party.example/1"]"#, .rewriteModified(0)),
            (party.address.checksummed, EthereumAddress.zero.checksummed, .rewriteWrongSignatory(0)),
        ] {
            let text = signature.json.text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
            let forged = try OCNSignature(text: text)
            #expect(throws: error) { try forged.verify(values) }
        }
    }

    @Test func absentHeadersAreAddedInCanonicalOrderAndKeptAsNull() throws {
        var values = SignableValues.response(envelope: ["status_code": 1000]) { $0 == "location" ? "https://a.example" : nil }
        let first = OCNSignature.sign(values, with: party, numbers: .js)
        let second = first.rewritten(&values, [(.link, "<https://hub.example>; rel=\"next\"")], with: hub, numbers: .js)
        #expect(values.headers.map(\.name) == ["link", "location"])
        #expect(second.rewrites[0].rewrittenFields == [JSONMember(name: "$['headers']['link']", value: .null)])
        #expect(try second.verify(values).signatories == [hub.address, party.address])
    }

    @Test func tooManyRewritesAreRefused() throws {
        var values = try request(#"{"id":"0"}"#)
        var signature = OCNSignature.sign(values, with: party, numbers: .js)
        for number in 1...OCNSignature.maximumRewrites {
            signature = signature.rewritten(&values, [(.bodyMember("id"), .string("\(number)"))], with: hub, numbers: .js)
        }
        #expect(try signature.verify(values).signatories.count == OCNSignature.maximumRewrites + 1)
        signature = signature.rewritten(&values, [(.bodyMember("id"), "last")], with: hub, numbers: .js)
        #expect(throws: SignatureError.tooLarge) { try signature.verify(values) }
        #expect(throws: SignatureError.tooLarge) { try OCNSignature(json: signature.json) }
    }
}
