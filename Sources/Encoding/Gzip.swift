import CZlib

/// gzip (RFC 1952) over byte arrays. Any thread may call.
///
/// Unsafe pointers are used here only to hand array storage and the stream record to C. zlib remembers the record's address, so that every
/// stream lives inside one `withUnsafeMutablePointer`.
package enum Gzip {
    /// The reason why bytes could not be decompressed.
    package enum Failure: Error, Equatable {
        /// The result exceeds the caller's limit, or the input exceeds zlib's.
        case tooLarge
        /// The bytes are not exactly one complete gzip member.
        case unreadable
    }

    /// The container format of the compressed bytes.
    package enum Format: Sendable {
        case gzip
        /// The format that HTTP calls `deflate` (RFC 1950).
        case zlib

        /// zlib's window parameter: a window of 32 KB, plus 16 for a gzip header and checksum.
        fileprivate var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .zlib: 15
            }
        }
    }

    private static let recordSize = Int32(MemoryLayout<z_stream>.size)

    /// The first bytes of a gzip file.
    package static let magic: [UInt8] = [0x1f, 0x8b]

    /// Nil only when memory is short, or for 4 GB and more.
    package static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        return withUnsafeMutablePointer(to: &stream) { stream -> [UInt8]? in
            let memoryLevel: Int32 = 8
            let opened = deflateInit2_(
                stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, Format.gzip.windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION, recordSize
            )
            guard opened == Z_OK else { return nil }
            defer { deflateEnd(stream) }
            guard let inputCount = UInt32(exactly: bytes.count),
                let bound = UInt32(exactly: deflateBound(stream, UInt(bytes.count)))
            else { return nil }
            return bytes.withUnsafeBufferPointer { input -> [UInt8]? in
                var result = Z_OK
                let compressed = [UInt8](unsafeUninitializedCapacity: Int(bound)) { output, written in
                    stream.pointee.next_in = input.baseAddress
                    stream.pointee.avail_in = inputCount
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = bound
                    result = deflate(stream, Z_FINISH)
                    written = Int(bound - stream.pointee.avail_out)
                }
                return result == Z_STREAM_END ? compressed : nil
            }
        }
    }

    /// Decompresses one member. Throws `tooLarge` above `limit` bytes, without allocating much more than that, and `unreadable` for bytes
    /// that are not exactly one complete member of that format.
    package static func decompress(_ bytes: [UInt8], limit: Int, as format: Format = .gzip) throws(Failure) -> [UInt8] {
        guard let inputCount = UInt32(exactly: bytes.count) else { throw .tooLarge }
        var stream = z_stream()
        var output: [UInt8] = []
        let result = withUnsafeMutablePointer(to: &stream) { stream -> Int32 in
            let opened = inflateInit2_(stream, format.windowBits, ZLIB_VERSION, recordSize)
            guard opened == Z_OK else { return opened }
            defer { inflateEnd(stream) }
            return bytes.withUnsafeBufferPointer { input -> Int32 in
                var result = Z_OK
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = inputCount
                let room = 16_384
                while result == Z_OK, output.count <= limit {
                    output += [UInt8](unsafeUninitializedCapacity: room) { piece, written in
                        stream.pointee.next_out = piece.baseAddress
                        stream.pointee.avail_out = UInt32(room)
                        // An incomplete input makes no progress at last, and ends with Z_BUF_ERROR.
                        result = inflate(stream, Z_NO_FLUSH)
                        written = room - Int(stream.pointee.avail_out)
                    }
                }
                return result == Z_STREAM_END && stream.pointee.avail_in > 0 ? Z_DATA_ERROR : result
            }
        }
        if output.count > limit { throw .tooLarge }
        guard result == Z_STREAM_END else { throw .unreadable }
        return output
    }
}
