import Encoding
import Notary
import Testing

@Suite struct NotaryVectorTests {
    private func values(_ text: String) throws -> SignableValues {
        let json = try JSONValue.parse(text)
        return SignableValues(headers: json["headers"]?.members ?? [], params: json["params"]?.members ?? [], body: json["body"])
    }

    @Test(arguments: NotaryVector.all.filter(\.isOurOrder)) func signsLikeTheLibraries(_ vector: NotaryVector) throws {
        let party = try #require(SigningKey(hex: NotaryVector.partyKey))
        let hub = try #require(SigningKey(hex: NotaryVector.hubKey))
        var values = try values(vector.values)
        var signature = OCNSignature.sign(values, with: party, numbers: vector.numbers)
        for changes in vector.rewrites {
            signature = signature.rewritten(&values, changes, with: hub, numbers: vector.numbers)
        }
        #expect(try signature == OCNSignature(text: vector.text))
        // The JVM library writes signatories in lower case, and gzip headers differ by system.
        if vector.numbers == .js, vector.encoding == .brotli {
            #expect(try signature.text(.brotli) == vector.text)
        }
    }

    @Test(arguments: NotaryVector.all) func verifiesLikeTheLibraries(_ vector: NotaryVector) throws {
        let party = try #require(SigningKey(hex: NotaryVector.partyKey))
        let hub = try #require(SigningKey(hex: NotaryVector.hubKey))
        var received = try values(vector.received ?? vector.values)
        for (place, value) in vector.rewrites.joined() {
            received[place] = value
        }
        let signature = try OCNSignature(text: vector.text)
        #expect(try OCNSignature.encoding(of: vector.text) == vector.encoding)
        if let refusal = vector.refusal {
            #expect(throws: refusal) { try signature.verify(received) }
            return
        }
        let verified = try signature.verify(received)
        #expect(verified.signatories == vector.rewrites.map { _ in hub.address } + [party.address])
        #expect(verified.coversEverything == vector.isCovered)
        #expect(signature.covers(received) == vector.isCovered)
    }
}
