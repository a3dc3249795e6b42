import OCPI

/// The parts of a URL that a call needs. Nothing is encoded or decoded.
struct CallURL: Equatable {
    /// `scheme://host:port`; the key of its connections.
    let origin: String
    let isEncrypted: Bool
    /// Without brackets.
    let host: String
    let port: Int
    /// Unchanged, for `Host`.
    let authority: String
    /// Path and query, unchanged; `/` if the path is empty. Without a fragment.
    let target: String

    /// Nil unless this is an absolute http or https URL without user information.
    init?(_ url: String) {
        guard let origin = URLJoin.origin(of: url), let scheme = origin.firstRange(of: "://"),
            let server = URLJoin.server(String(origin[scheme.upperBound...])), let port = server.port
        else { return nil }
        self.origin = origin
        isEncrypted = origin.hasPrefix("https")
        host = server.host.hasPrefix("[") ? String(server.host.dropFirst().dropLast()) : server.host
        self.port = port
        let rest = url.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2)
        let authority = rest.prefix { !"/?#".utf8.contains($0) }
        self.authority = String(decoding: authority, as: UTF8.self)
        let target = String(decoding: rest.dropFirst(authority.count).prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
        self.target = target.hasPrefix("/") ? target : "/" + target
    }
}
