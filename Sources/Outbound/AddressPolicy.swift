import Encoding
package import NIOCore

/// Which addresses may be called.
///
/// URLs come from parties and registries, so every address is checked before a connection, also the addresses of a host name: loopback,
/// private, link-local, multicast, reserved and unspecified addresses, and the IPv6 forms that embed an IPv4 address, are refused unless a
/// range that the operator lists (`http.allow_networks`) contains them. A value; safe to share.
package struct AddressPolicy: Sendable {
    /// A listed text that is no network range.
    package struct NotARange: Error, Sendable, CustomStringConvertible {
        /// The text of the operator.
        package let text: String

        package var description: String { "\"\(text)\" is not a network; write for example 10.0.0.0/8 or fd00::/8" }
    }

    private let allowed: [NetworkRange]

    /// - Parameter networks: ranges that may be called although they are not public, e.g. `127.0.0.0/8`; a mapped address needs its own
    ///   IPv6 range.
    /// - Throws: an error with the first text that is no range.
    package init(allowing networks: [String] = []) throws(NotARange) {
        var ranges: [NetworkRange] = []
        for text in networks {
            guard let range = NetworkRange(text) else { throw NotARange(text: text) }
            ranges.append(range)
        }
        allowed = ranges
    }

    /// Whether this address may be called. Sockets other than IP may not.
    package func allows(_ address: SocketAddress) -> Bool {
        address.ipAddress.flatMap { IPAddress($0) }.map(allows) ?? false
    }

    /// Whether this host may be called, as far as that is known without DNS: names may, forbidden address literals may not.
    package func mayDial(_ host: String) -> Bool { Self.literal(host).map(allows) ?? true }

    /// The address of a host literal in a URL; nil for a name, and for forms that only resolvers accept, like `127.1`.
    static func literal(_ host: String) -> IPAddress? {
        // In a URL an IPv6 literal is in brackets and may name an interface.
        IPAddress(String(host.drop { $0 == "[" }.prefix { $0 != "]" && $0 != "%" }))
    }

    /// Whether this is the literal of a loopback address.
    package static func isLoopback(_ literal: String) -> Bool {
        IPAddress(literal).map { address in loopback.contains { $0.contains(address) } } ?? false
    }

    private static let loopback: [NetworkRange] = ["127.0.0.0/8", "::1/128", "::ffff:127.0.0.0/104"].compactMap { NetworkRange($0) }

    func allows(_ address: IPAddress) -> Bool {
        allowed.contains { $0.contains(address) } || !Self.special.contains { $0.contains(address) }
    }

    /// IANA special-purpose address registries (RFC 6890 and successors): no party is reachable at these.
    private static let special: [NetworkRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        // Unspecified, loopback and IPv4-compatible; IPv4-mapped; NAT64; discard; Teredo, ORCHID and the like; documentation; 6to4;
        // segment routing; unique local; link-local; site-local; multicast.
        "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
        "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    ].compactMap { NetworkRange($0) }
}
