/// Resolves references to URLs as in RFC 3986, section 5. Nothing is encoded, decoded or normalised: bytes stay as their owner wrote them.
package enum URLReference {
    /// The URL of a reference that was found in the answer of `base`.
    /// - Parameter base: an absolute URL.
    package static func resolve(_ reference: String, against base: String) -> String {
        let reference = URLParts(reference)
        let base = URLParts(base)
        var target = reference
        if reference.scheme == nil {
            target.scheme = base.scheme
            if reference.authority == nil {
                target.authority = base.authority
                if reference.path.isEmpty {
                    target.path = base.path
                    target.query = reference.query ?? base.query
                    return target.text
                }
                if reference.path.first != UInt8(ascii: "/") { target.path = base.directory + reference.path }
            }
        }
        target.path = URLParts.withoutDotSegments(target.path)[...]
        return target.text
    }
}

/// The parts of a URL (RFC 3986, appendix B).
private struct URLParts {
    typealias Bytes = ArraySlice<UInt8>

    var scheme: Bytes?
    var authority: Bytes?
    var path: Bytes
    var query: Bytes?
    var fragment: Bytes?

    init(_ text: String) {
        var rest = Array(text.utf8)[...]
        fragment = Self.cut(&rest, at: UInt8(ascii: "#"))
        query = Self.cut(&rest, at: UInt8(ascii: "?"))
        let name = rest.prefix(while: Self.isSchemeByte)
        if let first = name.first, Self.isLetter(first), rest[name.endIndex...].first == UInt8(ascii: ":") {
            scheme = name
            rest = rest[(name.endIndex + 1)...]
        }
        if rest.starts(with: "//".utf8) {
            let server = rest.dropFirst(2).prefix { $0 != UInt8(ascii: "/") }
            authority = server
            rest = rest[server.endIndex...]
        }
        path = rest
    }

    /// The part after the first such byte; `rest` then ends before it. Nil if there is no such byte.
    private static func cut(_ rest: inout Bytes, at byte: UInt8) -> Bytes? {
        guard let place = rest.firstIndex(of: byte) else { return nil }
        defer { rest = rest[..<place] }
        return rest[(place + 1)...]
    }

    /// 5.2.3: the part of the path to which a relative path is appended.
    var directory: Bytes {
        if authority != nil, path.isEmpty { return Array("/".utf8)[...] }
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [] }
        return path[...slash]
    }

    /// RFC 3986, 5.2.4.
    static func withoutDotSegments(_ path: Bytes) -> [UInt8] {
        var input = path
        var output: [UInt8] = []
        let slash = Array("/".utf8)[...]
        while !input.isEmpty {
            if input.starts(with: "../".utf8) {
                input = input.dropFirst(3)
            } else if input.starts(with: "./".utf8) || input.starts(with: "/./".utf8) {
                input = input.dropFirst(2)
            } else if input.elementsEqual("/.".utf8) {
                input = slash
            } else if input.starts(with: "/../".utf8) || input.elementsEqual("/..".utf8) {
                input = input.count == 3 ? slash : input.dropFirst(3)
                output.removeSubrange((output.lastIndex(of: UInt8(ascii: "/")) ?? 0)...)
            } else if input.elementsEqual(".".utf8) || input.elementsEqual("..".utf8) {
                input = []
            } else {
                let segment = input.dropFirst().prefix { $0 != UInt8(ascii: "/") }
                output += input[..<segment.endIndex]
                input = input[segment.endIndex...]
            }
        }
        return output
    }

    /// RFC 3986, 5.3.
    var text: String {
        var bytes: [UInt8] = []
        if let scheme { bytes += scheme + ":".utf8 }
        if let authority { bytes += "//".utf8 + authority }
        bytes += path
        if let query { bytes += "?".utf8 + query }
        if let fragment { bytes += "#".utf8 + fragment }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: false
        }
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "+-.".utf8.contains(byte)
    }
}
