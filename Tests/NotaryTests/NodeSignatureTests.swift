import NIOCore
import Notary
import Testing

@Suite struct NodeSignatureTests {
    let body = #"{"module":"locations","interface_role":"SENDER","body":{"name":"Zürich ⚡"}}"#

    @Test func namesTheSignerOfABody() {
        let key = SigningKey.generate()
        let signature = NodeSignature.sign(Array(body.utf8), with: key)
        #expect(signature.utf8.count == 130)
        #expect(signature == NodeSignature.sign(ByteBuffer(string: body), with: key))
        #expect(signature == key.sign(PersonalMessage.digest(body)).hex, "the length in the prefix counts bytes")
        for spelling in [signature, "0x" + signature, signature.uppercased()] {
            #expect(NodeSignature.signer(of: ByteBuffer(string: body), signature: spelling) == key.address)
        }
        let low = signature.dropLast(2) + (signature.hasSuffix("1b") ? "00" : "01")
        #expect(NodeSignature.signer(of: Array(body.utf8), signature: String(low)) == key.address)
        #expect(NodeSignature.signer(of: ByteBuffer(string: body + " "), signature: signature) != key.address)
    }

    @Test func readsOnlyWhatIsReadable() {
        let key = SigningKey.generate()
        var buffer = ByteBuffer(string: "--" + body)
        buffer.moveReaderIndex(forwardBy: 2)
        #expect(NodeSignature.sign(buffer, with: key) == NodeSignature.sign(Array(body.utf8), with: key))
    }

    /// Anyone who has seen a signature can compute its equivalent with a high s, which recovers to the same address.
    @Test func aSignatureWithAHighSIsRefused() throws {
        let order: [UInt8] =
            [UInt8](repeating: 0xFF, count: 15) + [
                0xFE, 0xBA, 0xAE, 0xDC, 0xE6, 0xAF, 0x48, 0xA0, 0x3B, 0xBF, 0xD2, 0x5E, 0x8C, 0xD0, 0x36, 0x41, 0x41,
            ]
        for _ in 0..<20 {
            let key = SigningKey.generate()
            let text = NodeSignature.sign(Array(body.utf8), with: key)
            let signature = try #require(RecoverableSignature(hex: text))
            #expect(signature.isLow && NodeSignature.isWellFormed(text))
            var high = [UInt8](repeating: 0, count: 32)
            var borrow = 0
            for index in (0..<32).reversed() {
                let digit = Int(order[index]) - Int(signature.s[index]) - borrow
                borrow = digit < 0 ? 1 : 0
                high[index] = UInt8(digit + 256 * borrow)
            }
            let hex = (signature.r + high + [signature.v == 27 ? 28 : 27]).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
            let twin = try #require(RecoverableSignature(hex: hex))
            #expect(twin.recover(PersonalMessage.digest(body)) == key.address && !twin.isLow)
            #expect(!NodeSignature.isWellFormed(hex) && NodeSignature.signer(of: Array(body.utf8), signature: hex) == nil)
        }
    }

    @Test func nonsenseHasNoSigner() {
        for text in ["", "0x", "hello", String(repeating: "0", count: 130)] {
            #expect(NodeSignature.signer(of: Array(body.utf8), signature: text) == nil, "\(text)")
        }
    }
}
