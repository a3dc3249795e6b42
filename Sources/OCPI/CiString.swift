import Encoding

/// An id, compared as OCPI compares ids: without case (2.2.1, types: CiString) and, where it stands in a URL, percent-decoded.
///
/// Only for comparing: what goes on keeps the spelling it came with.
package struct CiString: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The one spelling of it, in upper case. What no id of OCPI contains is percent-encoded, and so is what divides URLs and keys, so that
    /// ids may be parts of keys: different ids never make the same key.
    package let canonical: String

    /// An id as it stands in JSON or in a header.
    package init(_ text: some StringProtocol) {
        self.init(bytes: Array(text.utf8))
    }

    /// An id as it stands in a path.
    package init(segment: some StringProtocol) {
        self.init(bytes: PercentText.decodedBytes(segment, plusIsSpace: false))
    }

    /// As from a text.
    package init(stringLiteral text: String) {
        self.init(text)
    }

    private init(bytes: [UInt8]) {
        // Only ASCII has case here: other letters are no part of a CiString, and to fold them would make different ids equal.
        canonical = PercentText.normalized(bytes.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 & 0xDF : $0 })
    }
}
