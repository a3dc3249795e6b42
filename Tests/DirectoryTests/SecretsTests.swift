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
        #expect(secrets.open(SealedSecret(text: "")) == nil && secrets.openBytes("äöü", for: .url) == nil)
    }

    @Test("Scenario 40: what an earlier secret sealed still opens after a rotation")
    func whatAnEarlierSecretSealedStillOpensAfterARotation() throws {
        let sealed = try #require(secrets.seal(Token("party-token-B")))
        let rotated = NodeSecrets(current: Array("the new secret text".utf8), previous: [Array("a secret of the node".utf8)])
        #expect(rotated.open(sealed)?.raw == "party-token-B")
    }

    /// As the form is defined, by another implementation of HKDF and AES-GCM, with the nonce 00 01 … 0b.
    @Test func aSealIsWhatItsFormSays() {
        let text = "2AAECAwQFBgcICQoLxL1-Rg7h9fBiDBn7Ho-VFGmHH4ghIklKdvb-5pQ"
        #expect(secrets.open(SealedSecret(text: text))?.raw == "party-token-B")
    }

    @Test func whatIsSealedForOnePurposeOpensForNoOther() throws {
        for purpose in NodeSecrets.Purpose.allCases {
            let sealed = try #require(secrets.sealBytes([1, 2, 3], for: purpose))
            for other in NodeSecrets.Purpose.allCases {
                #expect(secrets.openBytes(sealed, for: other) == (purpose == other ? [1, 2, 3] : nil), "\(purpose), \(other)")
            }
        }
    }

    @Test func aSealShowsNothingOfTheSecretButThatItOpens() throws {
        let texts = try (0..<64).map { _ in try #require(secrets.sealBytes([7], for: .url)) }
        let others = try (0..<64).map { number in
            try #require(NodeSecrets(current: Array("another secret \(number)".utf8)).sealBytes([7], for: .url))
        }
        // A form, then 29 bytes of nonce, ciphertext and tag: there is no room for a name of the key, and nothing is the same in all.
        #expect(Set((texts + others).map(\.utf8.count)) == [40])
        #expect(Set((texts + others).map { $0.prefix(1) }) == ["2"])
        for place in 1..<40 { #expect(Set(texts.map { Array($0.utf8)[place] }).count > 1, "\(place)") }
    }

    @Test("What the first form sealed still opens", arguments: [[], ["the new secret text"]])
    func whatTheFirstFormSealedStillOpens(newer: [String]) throws {
        let token = "KjITAAECAwQFBgcICQoLSUjTdMSHCMhaz-AIp7Ww0FPqBP2zCgo8gR1KNBI"
        let page = "KjITAAECAwQFBgcICQoLOCqDAD3uOeRh5cBpqJAygiInOKfLBIqgpSJiSlLgS6nnIdpim5dtUObxD7ja1-QwrpLK"
        let old = Array("a secret of the node".utf8)
        let secrets = newer.first.map { NodeSecrets(current: Array($0.utf8), previous: [old]) } ?? NodeSecrets(current: old)
        #expect(secrets.open(SealedSecret(text: token))?.raw == "party-token-B")
        #expect(secrets.openBytes(page, for: .url)?.suffix(19) == Array("locations\n?offset=2".utf8)[...].suffix(19))
        #expect(NodeSecrets(current: Array("another secret here".utf8)).openBytes(page, for: .url) == nil)
    }

    @Test func aSealOfTheFirstFormMayBeginLikeOneOfToday() {
        let text = "2Wo9AAECAwQFBgcICQoLRiDgK9y9lHF1lG9eWcDac_B3B-TUHZuJ3xQgMx8"
        #expect(NodeSecrets(current: Array("a secret of the node 15".utf8)).open(SealedSecret(text: text))?.raw == "party-token-B")
    }

    @Test func aShortSecretIsRefused() {
        #expect(NodeSecrets(text: "fifteen letters") == nil)
        #expect(NodeSecrets(text: "sixteen letters!") != nil)
    }

    @Test func tokensAreStoredAsSHA256() {
        #expect(TokenHash.of(Token("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
