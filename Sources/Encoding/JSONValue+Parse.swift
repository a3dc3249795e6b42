package import NIOCore

extension JSONValue {
    /// Parses exactly one value (RFC 8259, UTF-8), with an optional byte order mark. `maxDepth`: the deepest nesting of containers, at most
    /// 512.
    package static func parse(_ json: Span<UInt8>, maxDepth: Int = 64) throws(JSONError) -> JSONValue {
        var at = 0
        JSONGrammar.begin(json, &at)
        let value = try read(json, &at, depth: min(maxDepth, JSONGrammar.depthLimit))
        JSONGrammar.skipWhitespace(json, &at)
        guard at == json.count else { throw JSONError(offset: at, reason: "something follows the value") }
        return value
    }

    /// Parses the readable bytes; see `parse(_:maxDepth:)`.
    package static func parse(_ buffer: ByteBuffer, maxDepth: Int = 64) throws(JSONError) -> JSONValue {
        try parse(buffer.readableBytesUInt8Span, maxDepth: maxDepth)
    }

    /// Parses a text; see `parse(_:maxDepth:)`.
    package static func parse(_ text: String) throws(JSONError) -> JSONValue {
        try parse(Array(text.utf8).span)
    }

    private static func read(_ json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) -> JSONValue {
        guard at < json.count else { throw JSONError(offset: at, reason: "a value is missing") }
        let start = at
        switch json[at] {
        case JSONGrammar.quote:
            return .string(try readString(json, &at))
        case UInt8(ascii: "{"):
            return .object(try readMembers(json, &at, depth: depth))
        case UInt8(ascii: "["):
            return .array(try readElements(json, &at, depth: depth))
        case UInt8(ascii: "t"):
            try JSONGrammar.skipLiteral("true", json, &at)
            return .bool(true)
        case UInt8(ascii: "f"):
            try JSONGrammar.skipLiteral("false", json, &at)
            return .bool(false)
        case UInt8(ascii: "n"):
            try JSONGrammar.skipLiteral("null", json, &at)
            return .null
        default:
            try JSONGrammar.skipNumber(json, &at)
            var text = ""
            for index in start..<at { text.unicodeScalars.append(Unicode.Scalar(json[index])) }
            return .number(text)
        }
    }

    private static func readString(_ json: Span<UInt8>, _ at: inout Int) throws(JSONError) -> String {
        let start = at
        let hasEscapes = try JSONGrammar.skipString(json, &at)
        return JSONScanner.string(start..<at, hasEscapes: hasEscapes, in: json)
    }

    private static func readMembers(_ json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) -> [JSONMember] {
        guard try JSONGrammar.enter(json, &at, depth: depth, end: UInt8(ascii: "}")) else { return [] }
        var members: [JSONMember] = []
        repeat {
            let name = try readString(json, &at)
            try JSONGrammar.skipColon(json, &at)
            members.append(JSONMember(name: name, value: try read(json, &at, depth: depth - 1)))
        } while try JSONGrammar.another(json, &at, end: UInt8(ascii: "}"))
        return members
    }

    private static func readElements(_ json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) -> [JSONValue] {
        guard try JSONGrammar.enter(json, &at, depth: depth, end: UInt8(ascii: "]")) else { return [] }
        var elements: [JSONValue] = []
        repeat {
            elements.append(try read(json, &at, depth: depth - 1))
        } while try JSONGrammar.another(json, &at, end: UInt8(ascii: "]"))
        return elements
    }
}
