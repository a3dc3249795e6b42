import Encoding

/// How a token is written in the `Authorization` header. OCPI 2.2.1 requires base64; older peers send it plain.
package enum TokenEncoding: String, Sendable, CaseIterable {
    case base64
    case plain
}

/// A credentials token (OCPI 2.2.1, 4.1.1 and 7.3). Descriptions and dumps hide it; compare by hash or in constant time only.
package struct Token: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself.
    package let raw: String

    /// A token from a Credentials object.
    package init(_ raw: String) { self.raw = raw }

    /// The possible tokens of an `Authorization` header, likeliest first: the text after the last space, then the same decoded from base64
    /// without trailing line feeds (OCPI's own examples have one), if that is text. The scheme word is ignored. Empty if there is no token.
    package static func readings(authorization: String) -> [Token] {
        guard let last = authorization.utf8.split(separator: UInt8(ascii: " ")).last, let word = String(last) else { return [] }
        var readings = [Token(word)]
        if var bytes = Base64.decode(word) {
            while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) { readings.append(Token(text)) }
        }
        return readings
    }

    /// The header's value: `Token`, one space, the token.
    package func authorization(encoding: TokenEncoding) -> String {
        switch encoding {
        case .base64: "Token " + Base64.encode(Array(raw.utf8))
        case .plain: "Token " + raw
        }
    }

    /// Makes a token of 32 random bytes: 43 characters of base64url.
    package static func generate() -> Token {
        var generator = SystemRandomNumberGenerator()
        return Token(Base64.encodeURL((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }))
    }

    /// Hides the secret.
    package var description: String { "Token(hidden)" }
    /// Hides the secret.
    package var debugDescription: String { description }
    /// Empty, so that dumps show nothing.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
