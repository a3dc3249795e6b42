import Encoding
import Support
import Testing

@testable import Notary

@Suite struct SignatureEncodingTests {
    private let signature: OCNSignature
    private let values: SignableValues

    init() {
        values = SignableValues(
            headers: [JSONMember(name: "x-correlation-id", value: "456")],
            body: .array((0..<200).map { ["name": .string("Zürich ⚡ \($0)"), "index": .int($0)] }))
        signature = OCNSignature.sign(values, with: SigningKey.generate(), numbers: .js)
    }

    @Test(arguments: SignatureEncoding.allCases) func everyEncodingIsReadBack(_ encoding: SignatureEncoding) throws {
        let text = try signature.text(encoding)
        #expect(try OCNSignature(text: text) == signature)
        #expect(try OCNSignature.encoding(of: text) == encoding)
    }

    @Test func bareJSONIsReadToo() throws {
        #expect(try OCNSignature(text: signature.json.text) == signature)
    }

    @Test func rewritesMayBeMissingAndOtherMembersPresent() throws {
        let members = try #require(signature.json.members)
        let others = members.filter { $0.name != "rewrites" } + [JSONMember(name: "comment", value: [1, 2])]
        #expect(try OCNSignature(json: .object(others)) == signature)
    }

    @Test func otherJSONIsRefused() throws {
        let members = try #require(signature.json.members)
        for (index, member) in members.enumerated() where member.name != "rewrites" {
            for value: JSONValue in [.null, 1, ["x": 1], [1], "0x12"] {
                if value.string != nil, member.name == "hash" || member.name == "rsv" { continue }  // any text is read, none verifies
                var changed = members
                changed[index].value = value
                #expect(throws: SignatureError.self) { try OCNSignature(json: .object(changed)) }
            }
        }
        for rewrites: JSONValue in ["x", [1], [["hash": "x"]], [["rewrittenFields": [:], "hash": "x", "rsv": "x"]]] {
            let changed = members.filter { $0.name != "rewrites" } + [JSONMember(name: "rewrites", value: rewrites)]
            #expect(throws: SignatureError.self) { try OCNSignature(json: .object(changed)) }
        }
        for text in ["", "{", "{}", "[]", "null", "0x00", "Token abc", "e30=", "H4sI", "////"] {
            #expect(throws: SignatureError.self, "\(text)") { try OCNSignature(text: text) }
        }
    }

    @Test func bombsAreRefused() throws {
        let zeros = [UInt8](repeating: 0x20, count: OCNSignature.maximumSize + 1)
        for bytes in [try #require(Gzip.compress(zeros)), try #require(Brotli.compress(zeros))] {
            #expect(bytes.count < 10_000)
            #expect(throws: SignatureError.tooLarge) { try OCNSignature(text: Base64.encode(bytes)) }
        }
        let longest = Array(zeros.dropLast())
        #expect(try Gzip.decompress(#require(Gzip.compress(longest)), limit: longest.count) == longest)
        #expect(try Brotli.decompress(#require(Brotli.compress(longest)), limit: longest.count) == longest)
        #expect(throws: SignatureError.tooLarge) {
            try OCNSignature(text: String(repeating: "A", count: OCNSignature.maximumTextLength + 4))
        }
    }

    @Test func emptyInputSurvivesCompression() throws {
        #expect(try Gzip.decompress(#require(Gzip.compress([])), limit: 0) == [])
        #expect(try Brotli.decompress(#require(Brotli.compress([])), limit: 0) == [])
        #expect(throws: Gzip.Failure.unreadable) { try Gzip.decompress([], limit: 10) }
        #expect(throws: SignatureError.self) { try Brotli.decompress([], limit: 10) }
    }

    @Test func truncatedAndDamagedTextsAreRefusedOrHarmless() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for encoding in SignatureEncoding.allCases {
            let bytes = try #require(Base64.decode(signature.text(encoding)))
            for length in stride(from: 0, to: bytes.count, by: 37) {
                #expect(throws: SignatureError.self) { try OCNSignature(text: Base64.encode(bytes.prefix(length))) }
            }
            for _ in 0..<200 {
                var damaged = bytes
                damaged[Int.random(in: damaged.indices, using: &generator)] ^= UInt8.random(in: 1 ... .max, using: &generator)
                // Letter case of paths and hex digits does not matter; everything else does.
                if let verified = try? OCNSignature(text: Base64.encode(damaged)).verify(values) {
                    #expect(verified.signatories == [signature.signatory], "seed \(seed)")
                }
            }
        }
    }
}
