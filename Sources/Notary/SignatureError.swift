/// Why a party's signature is refused. Descriptions contain no part of the signed message.
package enum SignatureError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text is not base64, not a known compression, or not a notary object; the associated text names the fault.
    case unreadable(String)
    /// The text, its decompressed size, or the number of rewrites exceeds its bound.
    case tooLarge
    /// A member name occurs twice in one object, so that parties could read different values.
    case ambiguous
    /// A signed value is missing or was changed.
    case modified
    /// The signing key is not that of `signatory`.
    case wrongSignatory
    /// Undoing the rewrite at this index (0 is the oldest) does not restore the values that were signed before.
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
