import Encoding
import Testing

@Suite struct GzipTests {
    /// `{"status_code":1000}` as zlib writes it.
    private static let zlib: [UInt8] = [
        120, 156, 171, 86, 42, 46, 73, 44, 41, 45, 142, 79, 206, 79, 73, 85, 178, 50, 52, 48, 48, 168, 5, 0, 78, 60, 6, 214,
    ]
    private static let text = Array(#"{"status_code":1000}"#.utf8)

    @Test func bothFormatsAreReadAndNoneIsTakenForTheOther() throws {
        let gzip = try #require(Gzip.compress(Self.text))
        #expect(try Gzip.decompress(gzip, limit: 20) == Self.text)
        #expect(try Gzip.decompress(Self.zlib, limit: 20, as: .zlib) == Self.text)
        #expect(throws: Gzip.Failure.unreadable) { try Gzip.decompress(Self.zlib, limit: 20) }
        #expect(throws: Gzip.Failure.unreadable) { try Gzip.decompress(gzip, limit: 20, as: .zlib) }
    }

    @Test func onlyOneCompleteMemberIsRead() throws {
        let gzip = try #require(Gzip.compress(Self.text))
        for bytes in [gzip + [0], gzip + gzip, Array(gzip.dropLast()), Array(gzip.prefix(5)), []] {
            #expect(throws: Gzip.Failure.unreadable) { try Gzip.decompress(bytes, limit: 1000) }
        }
    }

    @Test func decompressionStopsAtTheLimit() throws {
        let bomb = try #require(Gzip.compress([UInt8](repeating: 0, count: 50_000_000)))
        #expect(bomb.count < 60_000)
        #expect(throws: Gzip.Failure.tooLarge) { try Gzip.decompress(bomb, limit: 100_000) }
        #expect(throws: Gzip.Failure.tooLarge) { try Gzip.decompress(try #require(Gzip.compress(Self.text)), limit: 19) }
    }
}
