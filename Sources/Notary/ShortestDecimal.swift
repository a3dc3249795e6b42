/// The fewest decimal digits that parse back to the same binary number. Swift, Java and ECMAScript agree on the digits; only the layout
/// differs.
struct ShortestDecimal {
    private var isNegative = false
    private var isInfinite = false
    /// ASCII, without zeros at either end; empty for zero.
    private var digits: [UInt8] = []
    /// The value is 0.digits times 10 to this power.
    private var point = 0

    init(_ number: Double) {
        self.init(swiftText: number.description)
    }

    init(_ number: Float) {
        self.init(swiftText: number.description)
    }

    /// Parses the text of Swift's `description`: `-12.5`, `1e-07`, `5e+20`, `inf`. JSON has no NaN.
    private init(swiftText: String) {
        var exponent = 0
        var seenPoint = false
        var bytes = Array(swiftText.utf8)[...]
        if bytes.first == UInt8(ascii: "-") {
            isNegative = true
            bytes = bytes.dropFirst()
        }
        loop: while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "."):
                seenPoint = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if byte == UInt8(ascii: "0"), digits.isEmpty {
                    if seenPoint { point -= 1 }
                } else {
                    digits.append(byte)
                    if !seenPoint { point += 1 }
                }
            case UInt8(ascii: "e"):
                exponent = Int(String(decoding: bytes, as: UTF8.self)) ?? 0
                break loop
            default:
                isInfinite = true
                break loop
            }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        point += exponent
    }

    /// The text of ECMAScript's `Number::toString` with radix 10.
    var ecmaScriptText: String {
        if isInfinite { return isNegative ? "-Infinity" : "Infinity" }
        if digits.isEmpty { return "0" }
        let magnitude =
            switch point {
            case digits.count...21 where digits.count <= 21: text(digits) + zeros(point - digits.count)
            case 1...21: text(digits.prefix(point)) + "." + text(digits.dropFirst(point))
            case -5...0: "0." + zeros(-point) + text(digits)
            default: scientific(fraction: "", exponentMark: point > 0 ? "e+" : "e")
            }
        return (isNegative ? "-" : "") + magnitude
    }

    /// The text of Java's `Double.toString` and `Float.toString`.
    var javaText: String {
        let sign = isNegative ? "-" : ""
        if isInfinite { return sign + "Infinity" }
        if digits.isEmpty { return sign + "0.0" }
        let magnitude =
            switch point {
            case -2...0: "0." + zeros(-point) + text(digits)
            case 1...7 where point < digits.count: text(digits.prefix(point)) + "." + text(digits.dropFirst(point))
            case 1...7: text(digits) + zeros(point - digits.count) + ".0"
            default: scientific(fraction: ".0", exponentMark: "E")
            }
        return sign + magnitude
    }

    /// Scientific notation: one digit, the others after a point, and the exponent; `fraction` replaces the others if there are none.
    private func scientific(fraction: String, exponentMark: String) -> String {
        let others = digits.count == 1 ? fraction : "." + text(digits.dropFirst())
        return text(digits.prefix(1)) + others + exponentMark + String(point - 1)
    }

    private func text(_ digits: some Collection<UInt8>) -> String { String(decoding: digits, as: UTF8.self) }
    private func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
}
