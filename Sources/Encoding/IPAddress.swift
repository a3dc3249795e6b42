#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An IP address as a number.
package enum IPAddress: Hashable, Sendable {
    /// An IPv4 address: four bytes.
    case v4(UInt32)
    /// An IPv6 address: sixteen bytes.
    case v6(UInt128)

    /// Parses dotted decimal with exactly four parts without leading zeros, which system resolvers read as octal, or any text form of RFC
    /// 4291 (embedded IPv4 included) without a zone.
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

    /// The IPv4 address of an IPv4-mapped one; any other address unchanged. A socket that listens on `::` reports IPv4 clients as mapped.
    package var unmapped: IPAddress {
        guard case .v6(let number) = self, number >> 32 == 0xffff else { return self }
        return .v4(UInt32(truncatingIfNeeded: number))
    }

    /// The key under which a client's requests and connections are counted: an IPv4 address, also a mapped one, as it is; the /64 of an
    /// IPv6 address, because a client usually controls a whole /64.
    /// - Parameter text: the address from a socket or proxy; empty result for any other text.
    package static func clientKey(_ text: some StringProtocol) -> String {
        switch IPAddress(text.prefix { $0 != "%" })?.unmapped {
        case .v4(let number): [24, 16, 8, 0].map { String(number >> $0 & 0xff) }.joined(separator: ".")
        case .v6(let number): [112, 96, 80, 64].map { String(number >> $0 & 0xffff, radix: 16) }.joined(separator: ":") + "::/64"
        case nil: ""
        }
    }
}
