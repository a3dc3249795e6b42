/// Why a party's signature is refused. Descriptions contain nothing of the signed message.
package enum SignatureError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not base64, not one of the compressions, or not a notary object; the text says what is wrong.
    case unreadable(String)
    /// Above a bound of `OCNSignature`: text, decompressed size, or number of rewrites.
    case tooLarge
    /// A member name occurs twice in one object, so that parties could read different values.
    case ambiguous
    /// A signed value is missing or was changed.
    case modified
    /// The key that signed is not that of `signatory`.
    case wrongSignatory
    /// Undoing the rewrite at this index (0 is the oldest) does not lead back to what was signed before.
    case rewriteModified(Int)
    /// The key that signed before the rewrite at this index is not that of its `signatory`.
    case rewriteWrongSignatory(Int)

    package var description: String {
        switch self {
        case .unreadable(let reason): "Signature is unreadable: \(reason)"
        case .tooLarge: "Signature is too large"
        case .ambiguous: "Request has duplicate members"
        case .modified: "Request has been modified"
        case .wrongSignatory: "Signatories do not match"
        case .rewriteModified(let index): "Rewrite \(index): stashed values do not match original"
        case .rewriteWrongSignatory(let index): "Rewrite \(index): signatory of stashed rewrite incorrect"
        }
    }
}
