import NIOHTTP1

/// Checks the head of a request: its connection, and whether target and body length are unambiguous (RFC 9112).
struct HeadRules {
    /// Why the request is refused; nil for a good one.
    let refusal: HTTPRefusal?
    /// Whether the connection stays open after the answer (RFC 9112, 9.3).
    let persists: Bool
    /// Whether the request is HTTP/1.0, where a persistent connection must be announced.
    let isHTTP10: Bool

    init(_ head: HTTPRequestHead) {
        isHTTP10 = head.version.minor == 0
        refusal = HeadRules.refusal(of: head, isHTTP10: isHTTP10)
        let options = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
        if options.contains("close") {
            persists = false
        } else if options.contains("upgrade"), head.headers.contains(name: "upgrade") {
            // This server supports no upgrade, and the decoder stops after such a request.
            persists = false
        } else {
            persists = !isHTTP10 || options.contains("keep-alive")
        }
    }

    private static func refusal(of head: HTTPRequestHead, isHTTP10: Bool) -> HTTPRefusal? {
        if head.method == .CONNECT { return HTTPRefusal(.notImplemented, "CONNECT is not available: this is no proxy") }
        let codings = head.headers[canonicalForm: "transfer-encoding"].map { $0.lowercased() }
        if !codings.isEmpty {
            if isHTTP10 { return HTTPRefusal("Transfer-Encoding does not belong into HTTP/1.0") }
            if codings != ["chunked"] { return HTTPRefusal(.notImplemented, "The only Transfer-Encoding here is chunked") }
        }
        let hosts = head.headers["host"]
        if hosts.count > 1 { return HTTPRefusal("There is more than one Host header") }
        guard let host = hosts.first else { return isHTTP10 ? nil : HTTPRefusal("The Host header is missing") }
        return isAuthority(host) ? nil : HTTPRefusal("The Host header is no host, or no host and port")
    }

    /// The target in origin form: a proxy's absolute form loses scheme and authority, the rest stays byte by byte. Nil for any target other
    /// than a path or `*`.
    static func originForm(_ target: String, _ method: HTTPMethod) -> String? {
        if target.utf8.first == UInt8(ascii: "/") { return target }
        if target == "*" { return method == .OPTIONS ? target : nil }
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: { target.prefix($0.count).lowercased() == $0 }) else { return nil }
        let rest = target.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard isAuthority(String(rest[..<end])) else { return nil }
        let path = rest[end...]
        return path.first == "/" ? String(path) : "/" + path
    }

    /// Whether a text is a non-empty `uri-host [ ":" port ]` (RFC 9110, 7.2).
    static func isAuthority(_ text: String) -> Bool {
        var host = Substring(text)
        if host.first == "[" {
            guard let end = host.firstIndex(of: "]") else { return false }
            let port = host[host.index(after: end)...]
            return host[..<end].dropFirst().utf8.allSatisfy(isOfAddress) && host[..<end].count > 2 && isPort(port)
        }
        if let colon = host.firstIndex(of: ":") {
            guard isPort(host[colon...]) else { return false }
            host = host[..<colon]
        }
        return !host.isEmpty && host.utf8.allSatisfy(isOfName)
    }

    /// Whether a text is empty, or a colon and a number, which may be missing.
    private static func isPort(_ text: Substring) -> Bool {
        guard let colon = text.first else { return true }
        let digits = text.dropFirst().utf8
        return colon == ":" && digits.count <= 5 && digits.allSatisfy { 0x30...0x39 ~= $0 }
    }

    private static func isOfAddress(_ byte: UInt8) -> Bool { isOfName(byte) || byte == UInt8(ascii: ":") }

    /// Whether a byte may occur in a `reg-name` of RFC 3986: unreserved, sub-delims, and the percent sign.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~!$&'()*+,;=%".utf8.contains(byte)
        }
    }
}
