import Encoding
import Notary
import Testing

@Suite struct SigningKeyTests {
    let secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"

    /// The example in the documentation of web3's `accounts.sign`.
    @Test func signsLikeWallets() throws {
        let key = try #require(SigningKey(hex: secret))
        #expect(key.address.checksummed == "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23")
        let digest = PersonalMessage.digest("Some data")
        #expect(Hex.encode(digest) == "1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655")
        let signature = key.sign(digest)
        #expect(Hex.encode(signature.r) == "b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd")
        #expect(Hex.encode(signature.s) == "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a029")
        #expect(signature.v == 28)
        #expect(signature.recover(digest) == key.address)
        #expect(RecoverableSignature(hex: signature.hex) == signature)
    }

    @Test func refusesSecretsOutsideTheCurve() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
        let zero = String(repeating: "0", count: 64)
        for text in [order, zero, "", "0x", "ab", secret + "00", String(secret.dropLast(2)), "zz" + secret.dropFirst(2)] {
            #expect(SigningKey(hex: text) == nil, "\(text)")
        }
        #expect(SigningKey(hex: "0x" + secret) != nil)
    }

    @Test func generatedKeysSignAndDiffer() {
        let (one, other) = (SigningKey.generate(), SigningKey.generate())
        #expect(one.address != other.address)
        let digest = Keccak256.hash([1, 2, 3])
        for key in [one, other] {
            let signature = key.sign(digest)
            #expect(signature.recover(digest) == key.address)
            #expect(signature.s[0] < 0x80, "s is low")
            #expect(SigningKey(hex: key.secretHex)?.address == key.address)
        }
    }

    @Test func neverPrintsItself() throws {
        let key = try #require(SigningKey(hex: secret))
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(describing: key), String(reflecting: key), "\(Optional(key) as Any)", "\([key])", dumped] {
            #expect(!text.contains(secret.prefix(8)))
            #expect(!text.contains("76"), "not as decimal bytes either: \(text)" as Comment)
        }
    }

    @Test func recoversNothingFromNonsense() {
        let digest = Keccak256.hash([])
        let ones = String(repeating: "f", count: 128)
        #expect(RecoverableSignature(hex: ones + "1b")?.recover(digest) == nil)
        #expect(RecoverableSignature(hex: String(repeating: "0", count: 128) + "1b")?.recover(digest) == nil)
        for text in ["", "0x", ones, ones + "02", ones + "1d", ones + "1b00", ones + "zz"] {
            #expect(RecoverableSignature(hex: text) == nil, "\(text)")
        }
        #expect(SigningKey.generate().sign(digest).recover([1, 2, 3]) == nil, "a digest has 32 bytes")
    }
}
