import Encoding
package import HTTPTypes

/// The reverse proxies whose word counts on where a client is (`http.public.trusted_proxies`). A value.
package struct TrustedProxies: Sendable, Equatable {
    private let networks: [NetworkRange]

    /// - Parameter networks: like `10.0.0.0/8`; texts that are none were refused where they were read, and count for nothing here.
    package init(_ networks: [String] = []) {
        self.networks = networks.compactMap { NetworkRange($0) }
    }

    /// Whether there are none.
    var isEmpty: Bool { networks.isEmpty }

    /// Whether this is the address of one.
    func contains(_ address: String) -> Bool { IPAddress(address).map { contains($0) } ?? false }

    private func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) || $0.contains(address.unmapped) }
    }

    /// What stands for the client of a request (see `IPAddress.clientKey`).
    /// - Parameters:
    ///   - fields: of the request; only what a trusted proxy says counts.
    ///   - address: the other end of the connection.
    package func client(of fields: HTTPFields, from address: String) -> String {
        guard !networks.isEmpty, contains(address), let name = TrustedProxies.header else { return IPAddress.clientKey(address) }
        return client(forwardedFor: fields[values: name], by: address)
    }

    /// The last address in X-Forwarded-For that is not itself a trusted proxy's: each appends whom it has seen, and what stands further
    /// left anybody may have written. Where nothing good stands there, the proxy is the client.
    func client(forwardedFor values: [String], by proxy: String) -> String {
        for entry in values.joined(separator: ",").split(separator: ",", omittingEmptySubsequences: false).reversed() {
            let text = TrustedProxies.host(entry)
            guard let address = IPAddress(text) else { break }
            if !contains(address) { return IPAddress.clientKey(text) }
        }
        return IPAddress.clientKey(proxy)
    }

    /// Without blanks, a port, and the brackets that an IPv6 address with a port has.
    private static func host(_ entry: Substring) -> Substring {
        let text = entry.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
        if text.first == "[" { return text.firstIndex(of: "]").map { text[..<$0].dropFirst() } ?? "" }
        guard let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon else { return text }
        return text[..<colon]
    }

    private static let header = HTTPField.Name("X-Forwarded-For")
}
