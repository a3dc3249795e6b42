import Encoding
import Testbed

/// Unexpected JSON, and texts that are almost JSON.
enum OddJSON {
    // MARK: Values

    /// The value with one to three mutations at any depth.
    static func mutate(_ value: JSONValue, _ numbers: inout SeededNumbers) -> JSONValue {
        var value = value
        for _ in 0..<(1 + numbers.below(3)) { value = changed(value, &numbers) }
        return value
    }

    /// A random value of any type.
    static func value(_ numbers: inout SeededNumbers, depth: Int = 3) -> JSONValue {
        switch numbers.below(depth > 0 ? 8 : 5) {
        case 0: return .null
        case 1: return .bool(numbers.chance(50))
        case 2: return .number(numbers.pick(OddNumber.samples))
        case 3, 4: return .string(OddText.make(&numbers))
        case 5: return .array((0..<numbers.below(5)).map { _ in value(&numbers, depth: depth - 1) })
        case 6: return .array(Array(repeating: value(&numbers, depth: 0), count: numbers.below(300)))
        default:
            return .object(
                (0..<numbers.below(5)).map { _ in
                    JSONMember(name: OddText.make(&numbers, longest: 50), value: value(&numbers, depth: depth - 1))
                })
        }
    }

    private static func changed(_ value: JSONValue, _ numbers: inout SeededNumbers) -> JSONValue {
        switch value {
        case .object(var members) where !members.isEmpty && numbers.chance(92):
            let place = numbers.below(members.count)
            switch numbers.below(10) {
            case 0: members.remove(at: place)
            case 1: members.append(members[place])
            case 2: members.insert(JSONMember(name: members[place].name, value: self.value(&numbers)), at: numbers.below(members.count + 1))
            case 3: members[place].name = numbers.chance(50) ? members[place].name.uppercased() : OddText.make(&numbers, longest: 50)
            case 4: members.append(JSONMember(name: OddText.make(&numbers, longest: 50), value: self.value(&numbers)))
            case 5: members[place].value = wrapped(members[place].value, &numbers)
            case 6: members[place].value = self.value(&numbers)
            default: members[place].value = changed(members[place].value, &numbers)
            }
            return .object(members)
        case .array(var elements) where !elements.isEmpty && numbers.chance(92):
            let place = numbers.below(elements.count)
            switch numbers.below(5) {
            case 0: elements.remove(at: place)
            case 1: elements += Array(repeating: elements[place], count: numbers.below(80))
            default: elements[place] = changed(elements[place], &numbers)
            }
            return .array(elements)
        case .string(let text) where numbers.chance(40): return .string(text + OddText.make(&numbers))
        case .string(let text) where numbers.chance(20): return .string(String(text.dropLast(1 + numbers.below(4))))
        default: return self.value(&numbers)
        }
    }

    private static func wrapped(_ value: JSONValue, _ numbers: inout SeededNumbers) -> JSONValue {
        (0..<(1 + numbers.below(80))).reduce(value) { inner, _ in
            numbers.chance(50) ? .array([inner]) : .object([JSONMember(name: "a", value: inner)])
        }
    }

    // MARK: Texts

    /// The value as text; sometimes text that is no JSON, or JSON that is hard to parse.
    static func text(_ value: JSONValue, _ numbers: inout SeededNumbers) -> [UInt8] {
        let text = Array(value.text.utf8)
        guard numbers.chance(25) else { return text }
        switch numbers.below(12) {
        case 0: return Array(text.dropLast(1 + numbers.below(max(1, text.count))))
        case 1: return [0xEF, 0xBB, 0xBF] + text
        case 2: return text + Array(numbers.pick([",", "}", "{}", " \n", "\u{00}", "x"]).utf8)
        case 3: return deep(numbers.pick([63, 64, 65, 1000, 20_000]), numbers.chance(50))
        case 4: return text.flatMap { [$0, 0] }
        case 5: return Array(#"{"a":"\ud800","b":"\udc00\ud800","c":"\u0000"}"#.utf8)
        case 6: return Array(#"{"a":"#.utf8) + [0x22, 0xC0, 0x80, 0xED, 0xA0, 0x80, 0xF5, 0xFF, 0x22, 0x7D]
        case 7: return Array("{'a':1,//\n b:NaN,}".utf8)
        case 8: return Array(String(repeating: "\n\t ", count: numbers.below(5000)).utf8) + text
        case 9: return []
        case 10: return numbers.bytes(numbers.below(400))
        default: return OddBytes.mutate(text, &numbers)
        }
    }

    /// Deeply nested brackets, closed or not.
    static func deep(_ depth: Int, _ isClosed: Bool) -> [UInt8] {
        Array(repeating: UInt8(ascii: "["), count: depth) + (isClosed ? Array(repeating: UInt8(ascii: "]"), count: depth) : [])
    }
}
