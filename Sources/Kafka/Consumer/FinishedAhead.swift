import Encoding

/// Finished offsets of a partition above an unfinished one. They are committed beside the offset, so that the partition's next owner does
/// not repeat them.
package struct FinishedAhead: Sendable, Equatable {
    /// The commit point to which they belong.
    package let base: Int64
    /// Finished offsets, ascending, neither overlapping nor touching, none below `base`. Offsets that are not in the log may be among them.
    package let runs: [ClosedRange<Int64>]

    package init(base: Int64, runs: [ClosedRange<Int64>]) {
        self.base = base
        self.runs = runs
    }

    /// Whether no offset is finished ahead.
    package var isEmpty: Bool { runs.isEmpty }

    /// The highest offset that is finished ahead.
    package var last: Int64? { runs.last?.upperBound }

    /// Whether an offset is finished. O(log n).
    package func contains(_ offset: Int64) -> Bool {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = low + (high - low) / 2
            if runs[middle].upperBound < offset { low = middle + 1 } else { high = middle }
        }
        return low < runs.count && runs[low].contains(offset)
    }
}

// MARK: - Commit metadata

/// The text that is committed with an offset: base64url of a version byte, an encoding byte, the base (8 bytes, big endian) and the set.
/// The set is encoded as run lengths or, unless that is far longer, as a bitset, each plain or gzipped; the shortest form is used.
extension FinishedAhead {
    /// The longest metadata that a broker stores per partition, in bytes (`offset.metadata.max.bytes`).
    package static let maxTextLength = 4096

    private static let version: UInt8 = 1
    private enum Encoding: UInt8, CaseIterable {
        case bits = 0
        case runs = 1
        case gzippedBits = 2
        case gzippedRuns = 3
    }
    /// A bitset that is more than this many times as long as the run lengths is not built.
    private static let worthwhile: Int64 = 16
    /// The longest bitset, in bytes. A longer one would not fit even if it compressed well; the limit also bounds what foreign text makes
    /// us allocate.
    private static let maxBytes = 1 << 20

    /// Nil for an empty set, which needs no text, and for a set whose text would be longer than a broker stores.
    package var text: String? {
        guard !isEmpty, let shortest = forms.min(by: { $0.bytes.count < $1.bytes.count }) else { return nil }
        var bytes: [UInt8] = [Self.version, shortest.encoding.rawValue]
        for shift: Int64 in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: base >> shift)) }
        let text = Base64.encodeURL(bytes + shortest.bytes)
        return text.utf8.count <= Self.maxTextLength ? text : nil
    }

    /// Parses the output of ``text``.
    /// - Parameter committed: the offset with which the text was committed.
    /// - Returns: nil for a text of another version or program, a damaged one, and one that belongs to another commit point; the caller
    ///   then repeats the records finished ahead, which loses nothing.
    package init?(text: String, committed: Int64) {
        guard text.utf8.count <= Self.maxTextLength, let bytes = Base64.decodeURL(text), bytes.count > 10, bytes[0] == Self.version,
            let encoding = Encoding(rawValue: bytes[1])
        else { return nil }
        let base = bytes[2..<10].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard base == committed, base >= 0 else { return nil }
        var payload = Array(bytes[10...])
        if encoding == .gzippedBits || encoding == .gzippedRuns {
            guard let plain = try? Gzip.decompress(payload, limit: Self.maxBytes) else { return nil }
            payload = plain
        }
        let isBits = encoding == .bits || encoding == .gzippedBits
        guard let runs = isBits ? Self.runs(ofBits: payload, above: base) : Self.runs(ofLengths: payload, above: base) else { return nil }
        self.init(base: base, runs: runs)
    }

    private var forms: [(encoding: Encoding, bytes: [UInt8])] {
        let lengths = lengths
        var forms: [(Encoding, [UInt8])] = [(.runs, lengths)]
        // One record that waits long has few runs behind it and may have millions of bits: then the lengths are shorter anyway.
        if let last, last - base < Int64(lengths.count) * 8 * Self.worthwhile, let bits { forms.append((.bits, bits)) }
        for (encoding, bytes) in forms where bytes.count > 32 {
            if let smaller = Gzip.compress(bytes) { forms.append((encoding == .runs ? .gzippedRuns : .gzippedBits, smaller)) }
        }
        return forms
    }

    // Run lengths: the distance to the next run and its length, in turn, as variable-length integers of 7 bits, low ones first.

    private var lengths: [UInt8] {
        var bytes: [UInt8] = []
        var end = base
        for run in runs {
            for number in [run.lowerBound - end, run.upperBound - run.lowerBound + 1] {
                var rest = UInt64(number)
                while rest >= 0x80 {
                    bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                    rest >>= 7
                }
                bytes.append(UInt8(rest))
            }
            end = run.upperBound
        }
        return bytes
    }

    private static func runs(ofLengths bytes: [UInt8], above base: Int64) -> [ClosedRange<Int64>]? {
        var rest = bytes[...]
        var runs: [ClosedRange<Int64>] = []
        var end = base
        while !rest.isEmpty {
            guard let distance = number(&rest), let length = number(&rest), distance > 1 || runs.isEmpty, length > 0 else { return nil }
            let (lower, overflow) = end.addingReportingOverflow(distance)
            let (upper, overflow2) = lower.addingReportingOverflow(length - 1)
            guard !overflow, !overflow2 else { return nil }
            runs.append(lower...upper)
            end = upper
        }
        return runs.isEmpty ? nil : runs
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 63 else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return Int64(exactly: number) }
            shift += 7
        }
        return nil
    }

    // A bitset: bit 0 of the first byte is the base.

    private var bits: [UInt8]? {
        guard let last, last - base < Int64(Self.maxBytes) * 8 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int((last - base) / 8) + 1)
        for run in runs {
            for offset in run {
                let bit = Int(offset - base)
                bytes[bit >> 3] |= 1 << UInt8(bit & 7)
            }
        }
        return bytes
    }

    private static func runs(ofBits bytes: [UInt8], above base: Int64) -> [ClosedRange<Int64>]? {
        guard bytes.count <= maxBytes, base <= Int64.max - Int64(maxBytes) * 8 else { return nil }
        var runs: [ClosedRange<Int64>] = []
        var start: Int64?
        for bit in 0..<(bytes.count * 8) {
            let offset = base + Int64(bit)
            let isSet = bytes[bit >> 3] & 1 << UInt8(bit & 7) != 0
            if isSet, start == nil { start = offset }
            if !isSet, let first = start {
                runs.append(first...(offset - 1))
                start = nil
            }
        }
        if let first = start { runs.append(first...(base + Int64(bytes.count) * 8 - 1)) }
        return runs.isEmpty ? nil : runs
    }
}
