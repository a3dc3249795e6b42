import Encoding
package import NIOCore

/// The `status_code` of an answer (OCPI 2.2.1, 4.1.7).
package enum AnswerStatus: Sendable, Equatable {
    case code(Int)
    /// There is no code: no OCPI answer, or a truncated one.
    case absent
    /// There are two codes.
    case ambiguous

    /// Parses the body of an answer. Text in another encoding than UTF-8 does not make an answer incomplete.
    package init(_ body: ByteBuffer) {
        self = AnswerStatus.read(body) ?? AnswerStatus.read(ByteBuffer(string: String(buffer: body))) ?? .absent
    }

    /// The code; nil without exactly one.
    package var code: Int? { if case .code(let code) = self { code } else { nil } }

    /// Nil for invalid JSON.
    private static func read(_ body: ByteBuffer) -> AnswerStatus? {
        do throws(JSONError) {
            guard let range = try body.jsonRange(of: ["status_code"]), let found = code(at: range, in: body) else {
                return AnswerStatus.absent
            }
            return AnswerStatus.code(found)
        } catch {
            return error.isRepetition ? AnswerStatus.ambiguous : nil
        }
    }

    /// The longest number parsed, in bytes. Longer ones are no status code.
    private static let longestNumber = 64

    /// Some platforms write the code as a text, or as a number with a fraction of zero; both are accepted.
    private static func code(at range: Range<Int>, in body: ByteBuffer) -> Int? {
        let json = body.readableBytesUInt8Span
        if let code = JSONScanner.integer(at: range, in: json) { return code }
        if let text = JSONScanner.string(at: range, in: json) {
            return text.utf8.count <= 4 && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
        }
        guard range.count <= longestNumber else { return nil }
        return (try? JSONValue.parse(json.extracting(range)))?.double.flatMap(Int.init(exactly:))
    }
}
