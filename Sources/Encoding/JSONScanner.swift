/// Finds values in JSON text (RFC 8259) by position, without building a tree. Pure functions; no input makes them trap.
package enum JSONScanner {
    /// Accepts exactly one value in UTF-8, with an optional leading byte order mark and whitespace around it.
    /// - Parameter maxDepth: the deepest nesting of containers, at most 512.
    package static func validate(_ json: Span<UInt8>, maxDepth: Int = 64) throws(JSONError) {
        var at = 0
        JSONGrammar.begin(json, &at)
        try JSONGrammar.skipValue(json, &at, depth: min(maxDepth, JSONGrammar.depthLimit))
        try checkEnd(json, at)
    }

    /// The byte range of the value at a path of member names, a string with its quotes; nil if it is absent.
    ///
    /// Reads all of the text, so that no other parser can find a different value: it must be one value, as for ``validate(_:maxDepth:)``,
    /// and each member on the path must occur once at its level. Parsers differ in which of two equal names they use.
    package static func find(_ path: [String], in json: Span<UInt8>) throws(JSONError) -> Range<Int>? {
        var start = 0
        JSONGrammar.begin(json, &start)
        for (level, name) in path.enumerated() {
            var end = start
            let found = try member(name, in: json, &end, depth: maxDepth - level)
            if level == 0 { try checkEnd(json, end) }
            guard let found else { return nil }
            start = found
        }
        var end = start
        try JSONGrammar.skipValue(json, &end, depth: maxDepth - path.count)
        if path.isEmpty { try checkEnd(json, end) }
        return start..<end
    }

    /// Skips the value at `at`.
    /// - Returns: the start of the value of its only member `name`; nil if it has none or is no object.
    private static func member(_ name: String, in json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) -> Int? {
        guard isObject(json, at) else {
            try JSONGrammar.skipValue(json, &at, depth: depth)
            return nil
        }
        var found: Int?
        guard try JSONGrammar.enter(json, &at, depth: depth, end: UInt8(ascii: "}")) else { return nil }
        repeat {
            let start = at
            let hasEscapes = try JSONGrammar.skipString(json, &at)
            let isWanted = string(start..<at, hasEscapes: hasEscapes, in: json, equals: name)
            try JSONGrammar.skipColon(json, &at)
            if isWanted {
                guard found == nil else { throw .repeated(at: start) }
                found = at
            }
            try JSONGrammar.skipValue(json, &at, depth: depth - 1)
        } while try JSONGrammar.another(json, &at, end: UInt8(ascii: "}"))
        return found
    }

    /// The first of these members that occurs twice at its level, its path joined by dots; nil if each occurs at most once. One pass over
    /// the text, whatever the number of members.
    /// - Parameter paths: names from the outermost object on; none is empty.
    package static func repeated(among paths: [[String]], in json: Span<UInt8>) throws(JSONError) -> String? {
        var at = 0
        JSONGrammar.begin(json, &at)
        if let name = try repeated(among: paths, in: json, &at, depth: maxDepth) { return name }
        try checkEnd(json, at)
        return nil
    }

    /// Skips the value at `at`, unless it returns a name.
    private static func repeated(
        among paths: [[String]], in json: Span<UInt8>, _ at: inout Int, depth: Int
    ) throws(JSONError) -> String? {
        guard !paths.isEmpty, isObject(json, at) else {
            try JSONGrammar.skipValue(json, &at, depth: depth)
            return nil
        }
        var seen: Set<String> = []
        guard try JSONGrammar.enter(json, &at, depth: depth, end: UInt8(ascii: "}")) else { return nil }
        repeat {
            let start = at
            let hasEscapes = try JSONGrammar.skipString(json, &at)
            let name = first(of: paths, at: start..<at, hasEscapes: hasEscapes, in: json)
            try JSONGrammar.skipColon(json, &at)
            guard let name else {
                try JSONGrammar.skipValue(json, &at, depth: depth - 1)
                continue
            }
            guard seen.insert(name).inserted else { return name }
            let inner = paths.filter { $0.first == name && $0.count > 1 }.map { Array($0.dropFirst()) }
            if let found = try repeated(among: inner, in: json, &at, depth: depth - 1) { return name + "." + found }
        } while try JSONGrammar.another(json, &at, end: UInt8(ascii: "}"))
        return nil
    }

    /// The name of the string at `range` if a path begins with it.
    private static func first(of paths: [[String]], at range: Range<Int>, hasEscapes: Bool, in json: Span<UInt8>) -> String? {
        for path in paths {
            if let name = path.first, string(range, hasEscapes: hasEscapes, in: json, equals: name) { return name }
        }
        return nil
    }

    /// The number of elements of the array in the text; nil for any other value.
    package static func elementCount(_ json: Span<UInt8>) throws(JSONError) -> Int? {
        var at = 0
        JSONGrammar.begin(json, &at)
        guard at < json.count, json[at] == UInt8(ascii: "[") else {
            try validate(json)
            return nil
        }
        var count = 0
        if try JSONGrammar.enter(json, &at, depth: maxDepth, end: UInt8(ascii: "]")) {
            repeat {
                try JSONGrammar.skipValue(json, &at, depth: maxDepth - 1)
                count += 1
            } while try JSONGrammar.another(json, &at, end: UInt8(ascii: "]"))
        }
        try checkEnd(json, at)
        return count
    }

    private static func isObject(_ json: Span<UInt8>, _ at: Int) -> Bool { at < json.count && json[at] == UInt8(ascii: "{") }

    private static func checkEnd(_ json: Span<UInt8>, _ at: Int) throws(JSONError) {
        var at = at
        JSONGrammar.skipWhitespace(json, &at)
        guard at == json.count else { throw JSONError(offset: at, reason: "something follows the value") }
    }

    /// The deepest nesting in a text that is searched.
    private static let maxDepth = 64

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

    /// The unescaped string at `range` (with its quotes). Nil if there is no string at exactly this range. A lone surrogate becomes U+FFFD.
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
