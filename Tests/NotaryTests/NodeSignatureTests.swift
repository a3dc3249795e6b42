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

    @Test func nonsenseHasNoSigner() {
        for text in ["", "0x", "hello", String(repeating: "0", count: 130)] {
            #expect(NodeSignature.signer(of: Array(body.utf8), signature: text) == nil, "\(text)")
        }
    }
}
