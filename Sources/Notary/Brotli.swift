import CBrotli

/// Brotli over byte arrays. Any thread may call.
///
/// Unsafe pointers are used here only to hand array storage to C for the duration of one call, with its exact length.
enum Brotli {
    /// The quality that the notary libraries use; the result is byte-identical to theirs.
    private static let quality: Int32 = 4

    /// Nil only when memory is short.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        // The bound is 0 for inputs too large to have one.
        let bound = BrotliEncoderMaxCompressedSize(bytes.count)
        guard bound > 0 else { return nil }
        var isDone = false
        let compressed = [UInt8](unsafeUninitializedCapacity: bound) { output, written in
            var size = bound
            let result = BrotliEncoderCompress(
                quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, bytes.count, bytes, &size, output.baseAddress)
            isDone = result != 0
            written = isDone ? size : 0
        }
        return isDone ? compressed : nil
    }

    /// Decompresses one stream. Throws `tooLarge` above `limit` bytes, without allocating more than that, and `unreadable` for bytes that
    /// are not one complete stream.
    static func decompress(_ bytes: [UInt8], limit: Int) throws(SignatureError) -> [UInt8] {
        guard let decoder = BrotliDecoderCreateInstance(nil, nil, nil) else { throw .unreadable("no memory for Brotli") }
        defer { BrotliDecoderDestroyInstance(decoder) }
        var output: [UInt8] = []
        var result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT
        bytes.withUnsafeBufferPointer { input in
            var available = input.count
            var next = input.baseAddress
            while result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT, output.count <= limit {
                // With no room of its own the decoder returns its own buffer, which stays valid until the next call.
                var room = 0
                result = BrotliDecoderDecompressStream(decoder, &available, &next, &room, nil, nil)
                var size = limit + 1 - output.count
                if let piece = BrotliDecoderTakeOutput(decoder, &size) {
                    output.append(contentsOf: UnsafeBufferPointer(start: piece, count: size))
                }
            }
            if result == BROTLI_DECODER_RESULT_SUCCESS, available > 0 { result = BROTLI_DECODER_RESULT_ERROR }
        }
        if output.count > limit { throw .tooLarge }
        guard result == BROTLI_DECODER_RESULT_SUCCESS else { throw .unreadable("not Brotli") }
        return output
    }
}
