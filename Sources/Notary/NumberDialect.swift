/// How a notary library prints a number of the body into the signed text. The libraries disagree, so a verifier tries all dialects.
package enum NumberDialect: Sendable, CaseIterable {
    /// ECMAScript: `1.0` prints as `1`, `1e-7` as `1e-7`; every number is a double.
    case js
    /// Java: integer literals print unchanged, all others as `Double.toString`: `1.0`, `1.0E-7`.
    case jvm
    /// Java with the body bound to classes whose decimals are 32-bit floats, as nodes bind standard modules.
    case jvmFloat

    /// The text of a JSON number literal. A literal that is no number is returned unchanged.
    ///
    /// Integers beyond 64 bits keep their digits in the Java dialects, because Java reads them so, although it refuses to sign them.
    func text(of literal: String) -> String {
        let isInteger = !literal.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        switch self {
        case .js:
            // 15 digits are exact in a double.
            if isInteger, literal.utf8.count <= 15, literal != "-0" { return literal }
            guard let double = Double(literal) else { return literal }
            return ShortestDecimal(double).ecmaScriptText
        case .jvm:
            if isInteger { return literal == "-0" ? "0" : literal }
            guard let double = Double(literal) else { return literal }
            return ShortestDecimal(double).javaText
        case .jvmFloat:
            if isInteger { return literal == "-0" ? "0" : literal }
            guard let double = Double(literal) else { return literal }
            return ShortestDecimal(Float(double)).javaText
        }
    }
}
