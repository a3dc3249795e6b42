import Encoding

/// Joins and compares URLs as text, without parsing them further than needed.
package enum URLJoin {
    /// The longest foreign URL that is stored or called, in bytes; OCPI allows 255 characters, but peers are known to exceed it.
    package static let maxLength = 2048

    /// The defect that prevents a foreign URL from being stored and called, as the end of a sentence about it; nil for a good URL.
    package static func defect(of url: String) -> String? {
        if url.utf8.count > maxLength { return "is longer than \(maxLength) bytes" }
        if !url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) { return "contains blanks or control characters" }
        if url.utf8.contains(UInt8(ascii: "#")) { return "has a fragment" }
        if origin(of: url) == nil {
            return "is not an absolute http or https URL" + (mayHoldPassword(url) ? " without user information" : "")
        }
        let path = url.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2).prefix { $0 != UInt8(ascii: "?") }
        return hasDotSegments(String(decoding: path, as: UTF8.self)) ? "has a segment . or .." : nil
    }

    /// The URL without a trailing slash.
    package static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    /// Joins an endpoint, the path below it with one slash between, and the query (without `?`). Nothing is encoded or decoded. An
    /// endpoint's own query precedes the given one; without remainder its trailing slash is kept.
    package static func join(_ base: String, _ remainder: String, query: String?) -> String {
        let parts = base.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var url = String(parts.first ?? "")
        if !remainder.isEmpty {
            if !url.hasSuffix("/") { url += "/" }
            url += remainder.hasPrefix("/") ? remainder.dropFirst() : remainder[...]
        }
        let queries = [parts.count > 1 ? String(parts[1]) : "", query ?? ""].filter { !$0.isEmpty }
        return queries.isEmpty ? url : url + "?" + queries.joined(separator: "&")
    }

    /// `scheme://host:port` in lower case with the default port filled in, for comparing servers. Nil unless this is an absolute http or
    /// https URL without user information whose host consists of ASCII letters, digits, `-`, `.`, `_`, or is an address in brackets.
    package static func origin(of url: String) -> String? {
        let bytes = Array(url.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else { return nil }
        let scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        guard let defaultPort = ["http": 80, "https": 443][scheme] else { return nil }
        let rest = bytes[(colon + 3)...]
        guard let (host, port) = server(rest.prefix { !"/?#".utf8.contains($0) }) else { return nil }
        return "\(scheme)://\(host):\(port ?? defaultPort)"
    }

    /// The host of an ``origin(of:)``.
    package static func host(ofOrigin origin: String) -> String? {
        origin.firstRange(of: "://").flatMap { server(String(origin[$0.upperBound...])) }?.host
    }

    /// The host in lower case and the port, if any, of `host:port`, as in a URL. Nil where ``origin(of:)`` would be.
    package static func server(_ authority: String) -> (host: String, port: Int?)? { server(Array(authority.utf8)[...]) }

    private static func server(_ authority: ArraySlice<UInt8>) -> (host: String, port: Int?)? {
        guard let (host, port) = split(authority) else { return nil }
        guard !port.isEmpty else { return (host, nil) }
        guard port.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let number = Int(String(decoding: port, as: UTF8.self)),
            1...65535 ~= number
        else { return nil }
        return (host, number)
    }

    /// The defect of a URL that others are to call, as the end of a sentence after "must". Nil for a good URL.
    package static func fault(of url: String) -> String? {
        guard url.utf8.count <= maxLength else { return "have at most \(maxLength) bytes, not \(url.utf8.count)" }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return "be printable ASCII without blanks" }
        guard origin(of: url) == nil else { return nil }
        return "be an http or https URL" + (mayHoldPassword(url) ? " without user information" : "")
    }

    /// The defect of the URL of a server to which paths are added. Includes parts that would not stay at its end, or would change the path.
    package static func faultOfBase(_ url: String) -> String? {
        if let fault = fault(of: url) { return fault }
        guard !url.contains(where: { $0 == "?" || $0 == "#" }) else { return "have no query and no fragment: paths are added to it" }
        return hasDotSegments(url) ? "have no dot segments in its path" : nil
    }

    /// Whether a URL may contain a name and a password, so that it must not be shown.
    package static func mayHoldPassword(_ url: String) -> Bool { url.contains("@") }

    /// The host in lower case and the digits of the port.
    private static func split(_ authority: ArraySlice<UInt8>) -> (host: String, port: ArraySlice<UInt8>)? {
        let host: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = authority[...end]
            guard host.count > 2, host.dropFirst().dropLast().allSatisfy(isAddressByte) else { return nil }
        } else {
            host = authority.prefix { $0 != UInt8(ascii: ":") }
            guard !host.isEmpty, host.allSatisfy(isHostByte) else { return nil }
        }
        let port = authority[host.endIndex...]
        guard port.isEmpty || port.first == UInt8(ascii: ":") else { return nil }
        return (String(decoding: host, as: UTF8.self).lowercased(), port.dropFirst())
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: ":"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// How specifically an endpoint matches a URL.
    package struct Depth: Comparable, Sendable {
        /// The number of segments of the endpoint's path.
        package let segments: Int
        /// The number of parameters of the endpoint's query.
        package let parameters: Int
        /// The number of segments of the URL's path below the endpoint.
        package let below: Int

        /// Compares by path first.
        package static func < (a: Depth, b: Depth) -> Bool { (a.segments, a.parameters) < (b.segments, b.parameters) }
    }

    /// How specifically an endpoint matches a URL; nil if the URL is not at or below the endpoint. A URL below an endpoint with a query has
    /// all its parameters.
    ///
    /// Compares as a lenient server might: percent-decoded, without case and empty segments, a backslash as a slash, a semicolon as an
    /// ampersand.
    package static func depth(of url: String, below endpoint: String) -> Depth? {
        guard let origin = origin(of: url), origin == self.origin(of: endpoint) else { return nil }
        let segments = segments(of: url)
        let base = self.segments(of: endpoint)
        let parameters = parameters(of: endpoint)
        guard segments.starts(with: base), parameters.isSubset(of: self.parameters(of: url)) else { return nil }
        return Depth(segments: base.count, parameters: parameters.count, below: segments.count - base.count)
    }

    /// The part of a URL below an endpoint, from which ``join(_:_:query:)`` makes the same URL. Server and parameters are compared as by
    /// ``depth(of:below:)``, the path by its bytes, except for a slash at its end. Nil for a URL that cannot be made so.
    package static func remainder(of url: String, below endpoint: String) -> (path: String, query: String?)? {
        guard let origin = origin(of: url), origin == self.origin(of: endpoint) else { return nil }
        let slash = UInt8(ascii: "/")
        var base = path(of: endpoint)
        if base.last == slash { base.removeLast() }
        var rest = path(of: url)
        guard rest.starts(with: base) else { return nil }
        rest.removeFirst(base.count)
        if !rest.isEmpty, rest.removeFirst() != slash || rest.first == slash { return nil }
        var own = pieces(of: endpoint).map(parameter)
        let written = query(of: url)
        guard !own.isEmpty else { return (String(decoding: rest, as: UTF8.self), written.map { String(decoding: $0, as: UTF8.self) }) }
        // The endpoint has each of them once already.
        let further = (written ?? []).split(separator: UInt8(ascii: "&")).filter { piece in
            guard let index = own.firstIndex(of: parameter(piece)) else { return true }
            own.remove(at: index)
            return false
        }
        guard own.isEmpty else { return nil }
        let left = further.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "&")
        return (String(decoding: rest, as: UTF8.self), left.isEmpty ? nil : left)
    }

    private static func parameters(of url: String) -> Set<String> { Set(pieces(of: url).map(parameter)) }

    private static func pieces(of url: String) -> [ArraySlice<UInt8>] {
        (query(of: url) ?? []).split { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }
    }

    /// A parameter in the form for comparisons.
    private static func parameter(_ piece: ArraySlice<UInt8>) -> String {
        PercentText.decoded(String(decoding: piece, as: UTF8.self)).lowercased()
    }

    /// The query; nil for a URL without one.
    private static func query(of url: String) -> [UInt8]? {
        let rest = url.utf8.prefix { $0 != UInt8(ascii: "#") }.drop { $0 != UInt8(ascii: "?") }
        return rest.isEmpty ? nil : Array(rest.dropFirst())
    }

    /// The path of an absolute URL; empty, or with its leading slash.
    private static func path(of url: String) -> [UInt8] {
        let rest = url.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2).drop { !"/?#".utf8.contains($0) }
        return Array(rest.prefix { !"?#".utf8.contains($0) })
    }

    private static func segments(of url: String) -> [String] {
        let path = String(decoding: path(of: url), as: UTF8.self)
        return PercentText.decoded(path, plusIsSpace: false).lowercased().split { $0 == "/" || $0 == "\\" }
            // Path parameters do not identify anything.
            .map { String($0.prefix { $0 != ";" }) }
    }

    /// Whether a path has a segment `.` or `..` for any known server: also with path parameters (`..;a`), percent-encoded, once or more
    /// often, as `%u002e`, overlong in UTF-8, or beside blanks and control characters. Such a path could leave the endpoint to which it was
    /// joined.
    package static func hasDotSegments(_ path: String) -> Bool {
        var bytes = Array(path.utf8)
        guard bytes.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") }) else { return false }
        for _ in 0..<decodings {
            let plain = plain(bytes)
            if hasPlainDotSegments(plain) { return true }
            let decoded = PercentText.decodedBytes(plain, plusIsSpace: false)
            if decoded.count == bytes.count { return false }
            bytes = decoded
        }
        // No legitimate client encodes that often.
        return true
    }

    /// The most decoding passes over a path.
    private static let decodings = 4

    private static func hasPlainDotSegments(_ bytes: [UInt8]) -> Bool {
        let isDivider: (UInt8) -> Bool = { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        return bytes.split(omittingEmptySubsequences: true, whereSeparator: isDivider).contains { segment in
            let name = segment.drop { $0 <= 0x20 }.prefix { $0 != UInt8(ascii: ";") && $0 > 0x20 && $0 != 0x7F }
            return 1...2 ~= name.count && name.allSatisfy { $0 == UInt8(ascii: ".") }
        }
    }

    /// Replaces ASCII's overlong UTF-8 forms and its forms `%u002e`, also those of full width, by ASCII.
    private static func plain(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(where: { $0 >= 0xC0 || $0 == UInt8(ascii: "%") }) else { return bytes }
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let byte = rest.first {
            let (length, ascii) = overlong(rest) ?? unicodeEscape(rest) ?? (length: 1, ascii: byte)
            plain.append(ascii)
            rest.removeFirst(length)
        }
        return plain
    }

    /// The length and the ASCII value of an overlong form at the start of the bytes: two to four bytes.
    private static func overlong(_ bytes: ArraySlice<UInt8>) -> (length: Int, ascii: UInt8)? {
        guard let first = bytes.first else { return nil }
        let length: Int
        switch first {
        case 0xC0, 0xC1: length = 2
        case 0xE0: length = 3
        case 0xF0: length = 4
        default: return nil
        }
        let further = bytes.dropFirst().prefix(length - 1)
        guard further.count == length - 1, further.allSatisfy({ $0 & 0xC0 == 0x80 }) else { return nil }
        // Only the first byte of a two-byte form has value bits.
        let code = further.reduce(length == 2 ? UInt32(first & 0x1F) : 0) { $0 << 6 | UInt32($1 & 0x3F) }
        return code < 0x80 ? (length: length, ascii: UInt8(code)) : nil
    }

    /// The length and the ASCII value of a `%u002e` at the start of the bytes, if it stands for ASCII.
    private static func unicodeEscape(_ bytes: ArraySlice<UInt8>) -> (length: Int, ascii: UInt8)? {
        guard bytes.starts(with: "%u".utf8) || bytes.starts(with: "%U".utf8) else { return nil }
        let digits = bytes.dropFirst(2).prefix(4).compactMap(Hex.value(of:))
        guard digits.count == 4 else { return nil }
        let code = digits.reduce(UInt32(0)) { $0 << 4 | UInt32($1) }
        let ascii = 0xFF01...0xFF5E ~= code ? code - 0xFEE0 : code
        return ascii < 0x80 ? (length: 6, ascii: UInt8(ascii)) : nil
    }
}

// Paths that a server may take for a given URL despite another spelling: names that continue with characters that are no part of a name, as
// `credentials.json`, decoded as often as for dot segments. A match is refused, never allowed.
extension URLJoin {
    /// Like ``depth(of:below:)``, for a far more lenient server: about the beginning and the end of segments, and about parameters.
    package static func resemblance(of url: String, below endpoint: String) -> Depth? {
        guard let origin = origin(of: url), origin == self.origin(of: endpoint) else { return nil }
        let segments = settledSegments(of: url)
        let base = settledSegments(of: endpoint)
        guard segments.count >= base.count, zip(segments, base).allSatisfy(resembles) else { return nil }
        let parameters = settledParameters(of: url)
        let own = settledParameters(of: endpoint)
        let hasAll = own.allSatisfy { wanted in parameters.contains { $0.mayBe(wanted) && resembles($0.value, wanted.value) } }
        return hasAll ? Depth(segments: base.count, parameters: own.count, below: segments.count - base.count) : nil
    }

    /// Whether a URL gives a parameter of an endpoint's query another value, or has one that a server may take for it.
    package static func repeatsParameters(of endpoint: String, in url: String) -> Bool {
        let own = settledParameters(of: endpoint)
        guard !own.isEmpty else { return false }
        return settledParameters(of: url).contains { given in
            let same = own.filter(given.mayBe)
            return !same.isEmpty && !same.contains { $0.value == given.value }
        }
    }

    /// The segments without the parts that some servers drop: path parameters, and then empty segments.
    private static func settledSegments(of url: String) -> [[UInt8]] {
        settled(path(of: url), plusIsSpace: false).split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
            .map { Array($0.prefix { $0 != UInt8(ascii: ";") }.drop { $0 <= 0x20 }) }
            .filter { !$0.isEmpty }
    }

    private static func settledParameters(of url: String) -> [Parameter] {
        pieces(of: url).map { piece in
            let parts = piece.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return Parameter(
                name: settled(Array(parts[0]), plusIsSpace: true), value: parts.count > 1 ? settled(Array(parts[1]), plusIsSpace: true) : []
            )
        }
    }

    /// A query parameter, compared as frameworks with their own name rules would.
    private struct Parameter {
        /// The parameter without leading blanks and brackets.
        let whole: ArraySlice<UInt8>
        let value: [UInt8]

        init(name: [UInt8], value: [UInt8]) {
            whole = name.drop { $0 <= 0x20 || Self.isBracket($0) }
            self.value = value
        }

        /// Whether some framework may take it for another one: `m[]`, `m]` and `m%00x` for `m`; `a.m`, `a m` and `a[m` for `a_m`.
        func mayBe(_ other: Parameter) -> Bool {
            if other.whole.contains(where: Self.isBracket) { return whole.starts(with: other.whole) }
            let name = other.plain(other.whole)
            return plain(whole.prefix { !Self.isBracket($0) && $0 != 0 }) == name || plain(whole.prefix { $0 != 0 }) == name
        }

        /// Replaces the characters that PHP reads as `_`, and drops them at the end.
        private func plain(_ name: ArraySlice<UInt8>) -> [UInt8] {
            var name = name
            while let last = name.last, last <= 0x20 { name.removeLast() }
            return name.map { $0 <= 0x20 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "[") ? UInt8(ascii: "_") : $0 }
        }

        private static func isBracket(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") }
    }

    /// Whether a text equals a name, apart from leading and trailing characters that no name has.
    private static func resembles(_ text: [UInt8], _ name: [UInt8]) -> Bool {
        for text in [text[...], text.drop { !isNamePart($0) }] where text.starts(with: name) {
            return text.dropFirst(name.count).first.map { !isNamePart($0) } ?? true
        }
        return false
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// Decodes until the text no longer changes, and lower-cases its letters.
    private static func settled(_ text: [UInt8], plusIsSpace: Bool) -> [UInt8] {
        var bytes = text
        for _ in 0..<decodings {
            let plain = plain(bytes)
            // An encoded plus stands for itself.
            let decoded = PercentText.decodedBytes(plain, plusIsSpace: plusIsSpace && bytes == text)
            if decoded == bytes { break }
            bytes = decoded
        }
        return bytes.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
    }
}
