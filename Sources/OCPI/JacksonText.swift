import Encoding

/// Prints numbers as Jackson does after parsing JSON into plain Java objects.
enum JacksonText {
    /// The same tree with its numbers reprinted: integers verbatim, numbers with a fraction or exponent as `Double.toString` of Java (19 or
    /// later: the shortest digits that parse back to the same double).
    static func normalised(_ value: JSONValue) -> JSONValue {
        switch value {
        case .number(let text): number(text)
        case .array(let elements): .array(elements.map(normalised))
        case .object(let members): .object(members.map { JSONMember(name: $0.name, value: normalised($0.value)) })
        case .null, .bool, .string: value
        }
    }

    private static func number(_ text: String) -> JSONValue {
        guard text.utf8.contains(where: { ".eE".utf8.contains($0) }) else { return .number(text == "-0" ? "0" : text) }
        guard let value = Double(text), value.isFinite else {
            // Java parses a number beyond a double's range as infinity, which Jackson writes as a string.
            return .string(text.hasPrefix("-") ? "-Infinity" : "Infinity")
        }
        return .number(javaText(value))
    }

    /// The text of Java's `Double.toString` for a finite number.
    static func javaText(_ value: Double) -> String {
        let sign = value.sign == .minus ? "-" : ""
        guard value != 0 else { return sign + "0.0" }
        let (digits, exponent) = scientific(value.magnitude)
        guard (-3..<7).contains(exponent) else {
            return sign + digits.prefix(1) + "." + (digits.count > 1 ? digits.dropFirst() : "0") + "E" + String(exponent)
        }
        guard exponent >= 0 else {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits
        }
        let whole = digits.prefix(exponent + 1)
        let fraction = digits.dropFirst(exponent + 1)
        return sign + whole + String(repeating: "0", count: exponent + 1 - whole.count) + "." + (fraction.isEmpty ? "0" : fraction)
    }

    /// The shortest digits `d1d2d3…` (without outer zeros) and the exponent of `d1.d2d3…`.
    private static func scientific(_ magnitude: Double) -> (digits: String, exponent: Int) {
        let parts = magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let written = mantissa.joined()
        let leadingZeros = written.prefix { $0 == "0" }.count
        var digits = written.dropFirst(leadingZeros)
        while digits.last == "0" { digits.removeLast() }
        let shift = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return (String(digits), mantissa[0].count - 1 - leadingZeros + shift)
    }
}
