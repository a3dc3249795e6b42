#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An IP address as a number.
package enum IPAddress: Hashable, Sendable {
    /// Four bytes.
    case v4(UInt32)
    /// Sixteen bytes.
    case v6(UInt128)

    /// Dotted decimal with exactly four parts without leading zeros, which some resolvers take for octal; or any text form of RFC 4291
    /// (embedded IPv4 included), without zone.
    package init?(_ text: some StringProtocol) {
        // `inet_pton` stops at a zero byte.
        guard !text.utf8.contains(0) else { return nil }
        let text = String(text)
        // It writes the bytes in the order of the network.
        var (short, long) = (UInt32(0), UInt128(0))
        if inet_pton(AF_INET, text, &short) == 1 {
            self = .v4(UInt32(bigEndian: short))
        } else if inet_pton(AF_INET6, text, &long) == 1 {
            self = .v6(UInt128(bigEndian: long))
        } else {
            return nil
        }
    }

    /// The IPv4 address that an IPv4-mapped one stands for; any other one itself. A socket that listens on `::` sees all of IPv4 mapped.
    package var unmapped: IPAddress {
        guard case .v6(let number) = self, number >> 32 == 0xffff else { return self }
        return .v4(UInt32(truncatingIfNeeded: number))
    }

    /// What stands for a client wherever something is counted for each of them: an IPv4 address, also a mapped one, as it is; of IPv6 the
    /// /64, of which whoever has one address has them all.
    /// - Parameter text: as a socket or a proxy tells it; nothing for what is no address.
    package static func clientKey(_ text: some StringProtocol) -> String {
        switch IPAddress(text.prefix { $0 != "%" })?.unmapped {
        case .v4(let number): [24, 16, 8, 0].map { String(number >> $0 & 0xff) }.joined(separator: ".")
        case .v6(let number): [112, 96, 80, 64].map { String(number >> $0 & 0xffff, radix: 16) }.joined(separator: ":") + "::/64"
        case nil: ""
        }
    }
}
