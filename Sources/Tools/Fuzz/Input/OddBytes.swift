import Testbed

/// Mutates bytes without regard to their meaning.
enum OddBytes {
    /// One to four mutations: a changed byte or bit, a removed, repeated or inserted piece, or truncation.
    static func mutate(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<(1 + numbers.below(4)) { change(&bytes, &numbers) }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], _ numbers: inout SeededNumbers) {
        guard !bytes.isEmpty else { return bytes = numbers.bytes(1 + numbers.below(20)) }
        let place = numbers.below(bytes.count)
        let end = min(bytes.count, place + 1 + numbers.below(24))
        switch numbers.below(8) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: numbers.next())
        case 1: bytes[place] ^= 1 << UInt8(numbers.below(8))
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.insert(contentsOf: numbers.bytes(1 + numbers.below(12)), at: place)
        case 5: bytes.insert(contentsOf: Array(numbers.pick(pieces).utf8), at: place)
        case 6: bytes[place] = numbers.pick([0, 0x09, 0x0A, 0x0D, 0x20, 0x22, 0x2C, 0x3A, 0x5C, 0x7F, 0x80, 0xFF])
        default: bytes.removeSubrange(place...)
        }
    }

    private static let pieces = [
        "\r\n", "\n", "\r", "\r\n\r\n", " ", ": ", "HTTP/1.1", "Content-Length: 1\r\n", "\u{00}", "{", "[", "\"", "%",
    ]
}
