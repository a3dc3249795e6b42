/// An IP address as a number.
package enum IPAddress: Hashable, Sendable {
    /// An IPv4 address: four bytes.
    case v4(UInt32)
    /// An IPv6 address: sixteen bytes.
    case v6(UInt128)

    /// Parses dotted decimal with exactly four parts without leading zeros, which system resolvers read as octal, or any text form of RFC
    /// 4291 (embedded IPv4 included) without a zone.
    package init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let number = Self.parseV6(text) else { return nil }
            self = .v6(number)
        } else {
            guard let number = Self.parseV4(text) else { return nil }
            self = .v4(number)
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

    private static func parseV4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), isDigits(part), let value = UInt8(part),
                part.utf8.first != UInt8(ascii: "0") || part.utf8.count == 1
            else { return nil }
            number = number << 8 | UInt32(value)
        }
        return number
    }

    private static func parseV6(_ text: some StringProtocol) -> UInt128? {
        // "::" stands for as many zero groups as are missing, and may stand once.
        let halves = split(text)
        guard halves.count <= 2, let head = groups(halves[0]) else { return nil }
        guard halves.count == 2 else { return head.count == 8 ? number(head) : nil }
        guard let tail = groups(halves[1]), head.count + tail.count < 8 else { return nil }
        return number(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    private static func split(_ text: some StringProtocol) -> [String] {
        let bytes = Array(text.utf8)
        let colon = UInt8(ascii: ":")
        var halves: [String] = []
        var start = 0
        var index = 0
        while index + 1 < bytes.count {
            if bytes[index] == colon, bytes[index + 1] == colon {
                halves.append(String(decoding: bytes[start..<index], as: UTF8.self))
                index += 2
                start = index
            } else {
                index += 1
            }
        }
        halves.append(String(decoding: bytes[start...], as: UTF8.self))
        return halves
    }

    private static func groups(_ text: String) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let embedded = parseV4(part) else { return nil }
                groups += [UInt16(truncatingIfNeeded: embedded >> 16), UInt16(truncatingIfNeeded: embedded)]
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.first != UInt8(ascii: "+"), let value = UInt16(part, radix: 16) else {
                    return nil
                }
                groups.append(value)
            }
        }
        return groups.count <= 8 ? groups : nil
    }

    private static func number(_ groups: [UInt16]) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
