package import NIOCore

/// JSON in the readable bytes of a buffer; no function moves an index.
extension ByteBuffer {
    /// The position of the value at a path of member names, counted from `readerIndex`; see ``JSONScanner/find(_:in:)``.
    package func jsonRange(of path: [String]) throws(JSONError) -> Range<Int>? {
        try JSONScanner.find(path, in: readableBytesUInt8Span)
    }

    /// The string at that path. Nil if it is absent, of another type or repeated, or if the bytes are not JSON.
    package func jsonString(_ path: [String]) -> String? {
        let json = readableBytesUInt8Span
        guard let range = try? JSONScanner.find(path, in: json) else { return nil }
        return JSONScanner.string(at: range, in: json)
    }

    /// The integer at that path. Nil if it is absent, of another type, too large or repeated, or if the bytes are not JSON.
    package func jsonInteger(_ path: [String]) -> Int? {
        let json = readableBytesUInt8Span
        guard let range = try? JSONScanner.find(path, in: json) else { return nil }
        return JSONScanner.integer(at: range, in: json)
    }

    /// The number of elements of the array in the readable bytes. Nil for any other value, and for bytes that are not JSON.
    package func jsonElementCount() -> Int? { try? JSONScanner.elementCount(readableBytesUInt8Span) }

    /// The same bytes without a leading byte order mark, for use inside another text.
    package var withoutByteOrderMark: ByteBuffer {
        var bytes = self
        if readableBytesView.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.moveReaderIndex(forwardBy: 3) }
        return bytes
    }

    /// Whether the readable bytes are exactly one JSON value in UTF-8, nested at most 64 deep.
    package func isValidJSON() -> Bool {
        (try? JSONScanner.validate(readableBytesUInt8Span)) != nil
    }

    /// A new buffer in which `bytes` replace `range` (counted from `readerIndex`; the part outside the readable bytes is ignored).
    package func replacing(_ range: Range<Int>, with bytes: some Collection<UInt8>) -> ByteBuffer {
        let cut = range.clamped(to: 0..<readableBytes)
        var result = ByteBufferAllocator().buffer(capacity: readableBytes - cut.count + bytes.count)
        result.writeBytes(readableBytesView.prefix(cut.lowerBound))
        result.writeBytes(bytes)
        result.writeBytes(readableBytesView.dropFirst(cut.upperBound))
        return result
    }
}
