import Encoding
package import NIOCore

/// What an answer says in `status_code` (OCPI 2.2.1, 4.1.7).
package enum AnswerStatus: Sendable, Equatable {
    case code(Int)
    /// It says none: no OCPI answer, or one that was cut off.
    case absent
    /// It says two.
    case ambiguous

    /// Reads the body of an answer. Text in another encoding than UTF-8 does not make an answer incomplete.
    package init(_ body: ByteBuffer) {
        self = AnswerStatus.read(body) ?? AnswerStatus.read(ByteBuffer(string: String(buffer: body))) ?? .absent
    }

    /// The code; nil without exactly one.
    package var code: Int? { if case .code(let code) = self { code } else { nil } }

    /// Nil for what is no JSON.
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

    /// Bytes. Anything may stand there, and is not worth a tree.
    private static let longestNumber = 64

    /// Some platforms write it as a text, or as a number with a fraction of zero: they mean the same.
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
