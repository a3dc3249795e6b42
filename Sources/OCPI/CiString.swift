import Encoding

/// An id in the form in which OCPI compares ids: without case (2.2.1, types: CiString) and, in a URL, percent-decoded.
///
/// For comparisons only: forwarded ids keep their spelling.
package struct CiString: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The common form of all its spellings, in upper case. Characters that no OCPI id contains and the separators of URLs and keys are
    /// percent-encoded, so that ids may be parts of keys: different ids never make the same key.
    package let canonical: String

    /// An id from JSON or a header.
    package init(_ text: some StringProtocol) {
        self.init(bytes: Array(text.utf8))
    }

    /// An id from a path segment.
    package init(segment: some StringProtocol) {
        self.init(bytes: PercentText.decodedBytes(segment, plusIsSpace: false))
    }

    /// An id from a text literal.
    package init(stringLiteral text: String) {
        self.init(text)
    }

    private init(bytes: [UInt8]) {
        // Only ASCII letters have case here: other letters are not allowed in a CiString, and folding them would make different ids equal.
        canonical = PercentText.normalized(bytes.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 & 0xDF : $0 })
    }
}
