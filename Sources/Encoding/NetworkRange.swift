/// A range of addresses, e.g. `10.0.0.0/8`.
package struct NetworkRange: Hashable, Sendable {
    private let address: IPAddress
    private let prefix: Int

    /// Parses `<address>/<prefix length>`, or one address.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
        let width =
            switch address {
            case .v4: 32
            case .v6: 128
            }
        var prefix = width
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...width).contains(length) else { return nil }
            prefix = length
        }
        self.address = address
        self.prefix = prefix
    }

    /// Whether the address is in the range; a range only contains addresses of its own family.
    package func contains(_ other: IPAddress) -> Bool {
        // Shifts beyond the width give zero, so that a prefix of 0 contains everything.
        switch (address, other) {
        case (.v4(let mine), .v4(let theirs)): (mine ^ theirs) >> (32 - prefix) == 0
        case (.v6(let mine), .v6(let theirs)): (mine ^ theirs) >> (128 - prefix) == 0
        default: false
        }
    }
}
