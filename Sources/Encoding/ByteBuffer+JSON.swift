package import NIOCore

/// JSON in the readable bytes of a buffer; neither index moves.
extension ByteBuffer {
    /// Place of the value at a path of member names, counted from `readerIndex`; see `JSONScanner.find`.
    package func jsonRange(of path: [String]) throws(JSONError) -> Range<Int>? {
        try JSONScanner.find(path, in: readableBytesUInt8Span)
    }

    /// The string at that path. Nil if it is absent, something else, stands twice, or this is not JSON.
    package func jsonString(_ path: [String]) -> String? {
        let json = readableBytesUInt8Span
        guard let range = try? JSONScanner.find(path, in: json) else { return nil }
        return JSONScanner.string(at: range, in: json)
    }

    /// The integer at that path. Nil if it is absent, something else, too large, stands twice, or this is not JSON.
    package func jsonInteger(_ path: [String]) -> Int? {
        let json = readableBytesUInt8Span
        guard let range = try? JSONScanner.find(path, in: json) else { return nil }
        return JSONScanner.integer(at: range, in: json)
    }

    /// How many elements the array has that the readable bytes are. Nil for another value, and for what is not JSON.
    package func jsonElementCount() -> Int? { try? JSONScanner.elementCount(readableBytesUInt8Span) }

    /// The same bytes without a byte order mark in front, to stand within another text.
    package var withoutByteOrderMark: ByteBuffer {
        var bytes = self
        if readableBytesView.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.moveReaderIndex(forwardBy: 3) }
        return bytes
    }

    /// Whether the readable bytes are exactly one JSON value in UTF-8, nested at most 64 deep.
    package func isValidJSON() -> Bool {
        (try? JSONScanner.validate(readableBytesUInt8Span)) != nil
    }

    /// A fresh buffer in which `bytes` stand in place of `range` (counted from `readerIndex`; what lies outside is cut off).
    package func replacing(_ range: Range<Int>, with bytes: some Collection<UInt8>) -> ByteBuffer {
        let cut = range.clamped(to: 0..<readableBytes)
        var result = ByteBufferAllocator().buffer(capacity: readableBytes - cut.count + bytes.count)
        result.writeBytes(readableBytesView.prefix(cut.lowerBound))
        result.writeBytes(bytes)
        result.writeBytes(readableBytesView.dropFirst(cut.upperBound))
        return result
    }
}
