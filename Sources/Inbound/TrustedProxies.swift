import Encoding
package import HTTPTypes

/// The reverse proxies whose X-Forwarded-For is trusted (`http.public.trusted_proxies`). A value.
package struct TrustedProxies: Sendable, Equatable {
    private let networks: [NetworkRange]

    /// - Parameter networks: ranges like `10.0.0.0/8`; the configuration refuses invalid ones, which are ignored here.
    package init(_ networks: [String] = []) {
        self.networks = networks.compactMap { NetworkRange($0) }
    }

    /// Whether the list is empty.
    var isEmpty: Bool { networks.isEmpty }

    /// Whether this is a proxy's address.
    func contains(_ address: String) -> Bool { IPAddress(address).map { contains($0) } ?? false }

    private func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) || $0.contains(address.unmapped) }
    }

    /// The key of a request's client (see `IPAddress.clientKey`).
    /// - Parameters:
    ///   - fields: the request's headers; X-Forwarded-For only counts from a trusted proxy.
    ///   - address: the remote address of the connection.
    package func client(of fields: HTTPFields, from address: String) -> String {
        guard !networks.isEmpty, contains(address), let name = TrustedProxies.header else { return IPAddress.clientKey(address) }
        return client(forwardedFor: fields[values: name], by: address)
    }

    /// The last address in X-Forwarded-For that is not itself a trusted proxy's: each proxy appends its client, and earlier entries can be
    /// forged. Without a valid one the proxy is the client.
    func client(forwardedFor values: [String], by proxy: String) -> String {
        for entry in values.joined(separator: ",").split(separator: ",", omittingEmptySubsequences: false).reversed() {
            let text = TrustedProxies.host(entry)
            guard let address = IPAddress(text) else { break }
            if !contains(address) { return IPAddress.clientKey(text) }
        }
        return IPAddress.clientKey(proxy)
    }

    /// The entry without blanks, a port, and the brackets of an IPv6 address with a port.
    private static func host(_ entry: Substring) -> Substring {
        let text = entry.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
        if text.first == "[" { return text.firstIndex(of: "]").map { text[..<$0].dropFirst() } ?? "" }
        guard let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon else { return text }
        return text[..<colon]
    }

    private static let header = HTTPField.Name("X-Forwarded-For")
}
