package import Encoding

/// A party's signature of the values of an OCPI message, which hubs may have rewritten on the way (OCN Notary).
///
/// It is sent in the header `OCN-Signature` of a request or the member `ocn_signature` of a response. Parsing it proves nothing;
/// ``verify(_:)`` does.
package struct OCNSignature: Sendable, Equatable {
    /// Paths of the signed values, in the order in which their texts were concatenated.
    package let fields: [String]

    /// `0x` and 64 digits: Keccak-256 of the concatenated texts.
    package let hash: String

    /// `0x`, r, s, v in hex: personal-message signature over the 66 characters of `hash`.
    package let rsv: String

    /// The claimed signer.
    package let signatory: EthereumAddress

    /// Earlier signatures, oldest first.
    package let rewrites: [Rewrite]

    /// A signature that a hub replaced, and the values it replaced.
    package struct Rewrite: Sendable, Equatable {
        /// The original values by path; null if there was none.
        package let rewrittenFields: [JSONMember]
        /// The hash before the change.
        package let hash: String
        /// The signature before the change.
        package let rsv: String
        /// The signer before the change.
        package let signatory: EthereumAddress
    }

    /// The most rewrites accepted; each node on a route rewrites at most once.
    package static let maximumRewrites = 16

    init(fields: [String], hash: String, rsv: String, signatory: EthereumAddress, rewrites: [Rewrite]) {
        self.fields = fields
        self.hash = hash
        self.rsv = rsv
        self.signatory = signatory
        self.rewrites = rewrites
    }

    /// Signs every non-empty value.
    ///
    /// A message that has member names with upper case or an apostrophe, or duplicate members, can be signed, but no implementation
    /// verifies it.
    package static func sign(_ values: SignableValues, with key: SigningKey, numbers: NumberDialect) -> OCNSignature {
        sign(values, with: key, numbers: numbers, rewrites: [])
    }

    /// Changes values on the way and signs the result, keeping the present signature so that the change can be undone and checked.
    ///
    /// The caller must have verified the present signature. `numbers` should be the dialect in which it verified. Replaced and added values
    /// can be verified later, removed ones cannot.
    package func rewritten(
        _ values: inout SignableValues, _ changes: [(place: SignedPlace, value: JSONValue)], with key: SigningKey, numbers: NumberDialect
    ) -> OCNSignature {
        var originals: [JSONMember] = []
        for (place, value) in changes {
            originals.append(JSONMember(name: place.path, value: values[place] ?? .null))
            values[place] = value
        }
        let rewrite = Rewrite(rewrittenFields: originals, hash: hash, rsv: rsv, signatory: signatory)
        return Self.sign(values, with: key, numbers: numbers, rewrites: rewrites + [rewrite])
    }

    private static func sign(
        _ values: SignableValues, with key: SigningKey, numbers: NumberDialect, rewrites: [Rewrite]
    ) -> OCNSignature {
        var fields: [String] = []
        var message = Keccak256()
        values.forEachSignedValue { path, value, _ in
            guard let text = value.signedText(numbers) else { return }
            fields.append(String(decoding: path, as: UTF8.self))
            message.update(text)
        }
        let hash = "0x" + Hex.encode(message.finish())
        let rsv = "0x" + key.sign(PersonalMessage.digest(hash)).hex
        return OCNSignature(fields: fields, hash: hash, rsv: rsv, signatory: key.address, rewrites: rewrites)
    }
}
