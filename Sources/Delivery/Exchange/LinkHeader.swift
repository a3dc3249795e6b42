/// `Link` headers (RFC 8288), as far as pagination needs them.
enum LinkHeader {
    /// The target of the first link whose relation is `next`.
    /// - Parameter values: the header's values in their order; each may hold several links.
    static func next(in values: [String]) -> String? {
        for value in values {
            var text = LinkText(value)
            while let link = text.link() {
                if link.isNext { return link.target }
            }
        }
        return nil
    }

    /// One link with the relation `next`.
    static func next(_ url: String) -> String { "<\(url)>; rel=\"next\"" }
}

/// Reads `<target>; name=value; name="value", …`.
private struct LinkText {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    /// The next link; nil at the end, or where the text is not a list of links.
    mutating func link() -> (target: String, isNext: Bool)? {
        skip { $0 == UInt8(ascii: ",") || Self.isSpace($0) }
        guard rest.first == UInt8(ascii: "<"), let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        // Blanks around the URL are not part of it.
        var url = rest[(rest.startIndex + 1)..<end].drop(while: Self.isSpace)
        while let last = url.last, Self.isSpace(last) { url.removeLast() }
        let target = String(decoding: url, as: UTF8.self)
        rest = rest[(end + 1)...]
        var relations: [UInt8]?
        while true {
            skip(Self.isSpace)
            guard rest.first == UInt8(ascii: ";") else { break }
            rest.removeFirst()
            let (name, value) = parameter()
            // A repeated "rel" does not count (RFC 8288, 3.3).
            if name == Array("rel".utf8), relations == nil { relations = value }
        }
        // A comma or the end follows a link; other text belongs to an unknown parameter.
        skip { $0 != UInt8(ascii: ",") }
        let names = (relations ?? []).split(whereSeparator: Self.isSpace)
        return (target, names.contains { Self.lower($0) == Array("next".utf8) })
    }

    private mutating func parameter() -> (name: [UInt8], value: [UInt8]) {
        skip(Self.isSpace)
        let name = Self.lower(take { !";,= \t".utf8.contains($0) })
        skip(Self.isSpace)
        guard rest.first == UInt8(ascii: "=") else { return (name, []) }
        rest.removeFirst()
        skip(Self.isSpace)
        // HTTP has no single quotes, but some servers use them as quotes.
        guard let quote = rest.first, "\"'".utf8.contains(quote) else {
            return (name, Array(take { !";,".utf8.contains($0) && !Self.isSpace($0) }))
        }
        rest.removeFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst(), byte != quote {
            if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() { value.append(escaped) } else { value.append(byte) }
        }
        return (name, value)
    }

    private mutating func take(_ matches: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let taken = rest.prefix(while: matches)
        rest = rest[taken.endIndex...]
        return taken
    }

    private mutating func skip(_ matches: (UInt8) -> Bool) { rest = rest.drop(while: matches) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func lower(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }
}
