/// Finds things in JSON text (RFC 8259) by position, without building values. Pure functions; no bytes make them trap.
package enum JSONScanner {
    /// Accepts exactly one value in UTF-8 with nothing but whitespace around it. `maxDepth`: containers within containers, at most 512.
    package static func validate(_ json: Span<UInt8>, maxDepth: Int = 64) throws(JSONError) {
        var at = 0
        JSONGrammar.skipWhitespace(json, &at)
        try JSONGrammar.skipValue(json, &at, depth: min(maxDepth, JSONGrammar.depthLimit))
        JSONGrammar.skipWhitespace(json, &at)
        guard at == json.count else { throw JSONError(offset: at, reason: "something follows the value") }
    }

    /// Byte range of the value at a path of member names, a string with its quotes; nil if it is absent. Of members with equal names
    /// the first counts. Reads only as far as needed: what follows the value, or the object that lacks the member, is not looked at.
    package static func find(_ path: [String], in json: Span<UInt8>) throws(JSONError) -> Range<Int>? {
        var at = 0
        var depth = 64
        JSONGrammar.skipWhitespace(json, &at)
        for name in path {
            guard at < json.count, json[at] == UInt8(ascii: "{") else {
                try JSONGrammar.skipValue(json, &at, depth: depth)
                return nil
            }
            guard try findMember(name, in: json, &at, depth: depth) else { return nil }
            depth -= 1
        }
        let start = at
        try JSONGrammar.skipValue(json, &at, depth: depth)
        return start..<at
    }

    /// Enters the object at `at` and goes to the value of its first member `name`.
    private static func findMember(_ name: String, in json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) -> Bool {
        guard try JSONGrammar.enter(json, &at, depth: depth, end: UInt8(ascii: "}")) else { return false }
        repeat {
            let start = at
            let hasEscapes = try JSONGrammar.skipString(json, &at)
            let found = string(start..<at, hasEscapes: hasEscapes, in: json, equals: name)
            try JSONGrammar.skipColon(json, &at)
            if found { return true }
            try JSONGrammar.skipValue(json, &at, depth: depth - 1)
        } while try JSONGrammar.another(json, &at, end: UInt8(ascii: "}"))
        return false
    }

    private static func string(_ range: Range<Int>, hasEscapes: Bool, in json: Span<UInt8>, equals name: String) -> Bool {
        guard hasEscapes || range.count - 2 == name.utf8.count else { return false }
        var expected = name.utf8.makeIterator()
        var isEqual = true
        JSONGrammar.unescape(range, of: json) { byte in
            isEqual = byte == expected.next()
            return isEqual
        }
        return isEqual && expected.next() == nil
    }

    /// What the string at `range` (with its quotes) stands for. Nil if there is no string, or `range` is not exactly its place.
    /// Half a surrogate pair becomes U+FFFD.
    package static func string(at range: Range<Int>, in json: Span<UInt8>) -> String? {
        guard let hasEscapes = escapes(at: range, in: json) else { return nil }
        return string(range, hasEscapes: hasEscapes, in: json)
    }

    /// The text of a string that `JSONGrammar.skipString` has passed.
    static func string(_ range: Range<Int>, hasEscapes: Bool, in json: Span<UInt8>) -> String {
        if !hasEscapes, let text = try? UTF8Span(validating: json.extracting((range.lowerBound + 1)..<(range.upperBound - 1))) {
            return String(copying: text)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        JSONGrammar.unescape(range, of: json) { byte in
            bytes.append(byte)
            return true
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func escapes(at range: Range<Int>, in json: Span<UInt8>) -> Bool? {
        guard range.lowerBound >= 0, range.upperBound <= json.count else { return nil }
        var at = range.lowerBound
        guard let hasEscapes = try? JSONGrammar.skipString(json, &at), at == range.upperBound else { return nil }
        return hasEscapes
    }

    /// The integer literal at `range`. Nil for `1.0`, `1e3`, anything that `Int` cannot hold and anything that is not a number.
    package static func integer(at range: Range<Int>, in json: Span<UInt8>) -> Int? {
        guard range.lowerBound >= 0, range.upperBound <= json.count else { return nil }
        var at = range.lowerBound
        guard (try? JSONGrammar.skipNumber(json, &at)) != nil, at == range.upperBound else { return nil }
        at = range.lowerBound
        let isNegative = json[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        var value = 0
        while at < range.upperBound {
            guard json[at] >= UInt8(ascii: "0"), json[at] <= UInt8(ascii: "9") else { return nil }
            let digit = Int(json[at] - UInt8(ascii: "0"))
            let (tens, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            guard !tooLarge, !overflow else { return nil }
            value = sum
            at += 1
        }
        return value
    }
}
