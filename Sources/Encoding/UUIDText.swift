/// Fresh UUIDs (RFC 9562) as lower-case text, from the system's random numbers.
package enum UUIDText {
    /// Version 7: starts with the time in milliseconds, so later ones sort after earlier ones (in any order within a millisecond).
    package static func v7() -> String {
        let time = UInt64(clamping: Timestamp.now.milliseconds)
        return text(time << 16 | random() & 0x0FFF | 0x7000, random())
    }

    /// Version 4: random.
    package static func v4() -> String {
        text(random() & ~0xF000 | 0x4000, random())
    }

    private static func random() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        let variant = low & (.max >> 2) | 1 << 63
        var digits = ""
        digits.reserveCapacity(36)
        for (index, digit) in (hex(high) + hex(variant)).enumerated() {
            if [8, 12, 16, 20].contains(index) { digits.append("-") }
            digits.append(digit)
        }
        return digits
    }

    private static func hex(_ value: UInt64) -> String {
        Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) })
    }
}
