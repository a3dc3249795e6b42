import Encoding
import Support

/// Random trees, and texts of them with random whitespace and escapes.
extension SeededGenerator {
    mutating func json(depth: Int = 4) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &self) {
        case 0: return .null
        case 1: return .bool(chance(50))
        case 2: return .number(numberText())
        case 3, 4: return .string(text())
        case 5: return .array((0..<Int.random(in: 0..<5, using: &self)).map { _ in json(depth: depth - 1) })
        default:
            return .object(
                (0..<Int.random(in: 0..<5, using: &self)).map { _ in JSONMember(name: name(), value: json(depth: depth - 1)) })
        }
    }

    /// Few different names, so that some occur twice.
    mutating func name() -> String { pick(["a", "b", "status_code", "ä", "", "q\"", "\u{1}", "a\\b", text()]) }

    mutating func text() -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<8, using: &self) {
            text.unicodeScalars.append(
                pick(["a", "/", "\"", "\\", "\n", "\u{0}", "\u{1F}", "\u{7F}", "é", "\u{2028}", "漢", "😀", "\u{10FFFF}"]))
        }
        return text
    }

    mutating func numberText() -> String {
        var text = chance(30) ? "-" : ""
        text += chance(20) ? "0" : String(Int.random(in: 1...9_999_999, using: &self))
        if chance(40) { text += "." + pick(["0", "10", "250", "0001"]) }
        if chance(20) { text += pick(["e", "E"]) + pick(["", "+", "-"]) + String(Int.random(in: 0..<30, using: &self)) }
        return text
    }

    /// A text that stands for the value, spelled in one of many ways.
    mutating func spelling(of value: JSONValue) -> String {
        switch value {
        case .null, .bool, .number: return value.text
        case .string(let text): return spelling(of: text)
        case .array(let elements):
            var parts: [String] = []
            for element in elements { parts.append(space() + spelling(of: element) + space()) }
            return "[" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "]"
        case .object(let members):
            var parts: [String] = []
            for member in members {
                parts.append(space() + spelling(of: member.name) + space() + ":" + space() + spelling(of: member.value) + space())
            }
            return "{" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "}"
        }
    }

    private mutating func space() -> String { pick(["", "", "", " ", "\n", "\t\r "]) }

    private mutating func spelling(of text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || chance(20) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: chance(50))
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
