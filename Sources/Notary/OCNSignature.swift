package import Encoding

/// The signature of a party over the values of an OCPI message, possibly rewritten by hubs on the way (OCN Notary).
///
/// It stands in the header `OCN-Signature` of a request or the member `ocn_signature` of a response. A reading of it proves nothing:
/// `verify` does.
package struct OCNSignature: Sendable, Equatable {
    /// Paths of the signed values, in the order in which their texts were concatenated.
    package let fields: [String]

    /// `0x` and 64 digits: Keccak-256 of the concatenated texts.
    package let hash: String

    /// `0x`, r, s, v in hex: personal-message signature over the 66 characters of `hash`.
    package let rsv: String

    /// Who claims to have signed.
    package let signatory: EthereumAddress

    /// Earlier signatures, oldest first.
    package let rewrites: [Rewrite]

    /// A signature that a hub replaced, and the values it replaced.
    package struct Rewrite: Sendable, Equatable {
        /// Path to original value; null where there was none.
        package let rewrittenFields: [JSONMember]
        /// Hash before the change.
        package let hash: String
        /// Signature before the change.
        package let rsv: String
        /// Who made it.
        package let signatory: EthereumAddress
    }

    /// Every node on a route rewrites at most once; more than this is refused.
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
    /// Member names with upper case or an apostrophe, and values with duplicate members, can be signed but never verified, by us and by
    /// others.
    package static func sign(_ values: SignableValues, with key: SigningKey, numbers: NumberDialect) -> OCNSignature {
        sign(values, with: key, numbers: numbers, rewrites: [])
    }

    /// Changes values on the way and signs the result, keeping the present signature so that the change can be undone and checked.
    ///
    /// Verify before: a bad signature does not get better. `numbers` should be the dialect in which it verified.
    /// Only replacing and adding values can be verified later, not removing them.
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
