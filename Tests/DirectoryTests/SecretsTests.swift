import Directory
import OCPI
import Testing

@Suite struct SecretsTests {
    let secrets = NodeSecrets(current: Array("a secret of the node".utf8))

    @Test func aSealedTokenOpensAgainAndShowsNothing() throws {
        let token = Token("party-token-B")
        let sealed = try #require(secrets.seal(token))
        #expect(secrets.open(sealed)?.raw == "party-token-B")
        #expect(!sealed.text.contains("party"))
        #expect(secrets.seal(token) != sealed, "sealing twice gives two texts")
    }

    @Test func anotherSecretOrAnAlteredTextOpensNothing() throws {
        let sealed = try #require(secrets.seal(Token("party-token-B")))
        #expect(NodeSecrets(current: Array("another secret here".utf8)).open(sealed) == nil)
        for index in sealed.text.indices {
            var altered = sealed.text
            altered.replaceSubrange(index...index, with: altered[index] == "A" ? "B" : "A")
            // The last character of base64url may hold bits that mean nothing.
            if index == sealed.text.indices.last { continue }
            #expect(secrets.open(SealedSecret(text: altered)) == nil)
        }
        #expect(secrets.open(SealedSecret(text: "")) == nil && secrets.openBytes("äöü") == nil)
    }

    @Test("Scenario 40: what an earlier secret sealed still opens after a rotation")
    func whatAnEarlierSecretSealedStillOpensAfterARotation() throws {
        let sealed = try #require(secrets.seal(Token("party-token-B")))
        let rotated = NodeSecrets(current: Array("the new secret text".utf8), previous: [Array("a secret of the node".utf8)])
        #expect(rotated.open(sealed)?.raw == "party-token-B")
    }

    @Test func aShortSecretIsRefused() {
        #expect(NodeSecrets(text: "fifteen letters") == nil)
        #expect(NodeSecrets(text: "sixteen letters!") != nil)
    }

    @Test func tokensAreStoredAsSHA256() {
        #expect(TokenHash.of(Token("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
