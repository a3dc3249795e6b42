package import NIOCore
import Wire

/// What an answer says in `status_code` (OCPI 2.2.1, 4.1.7).
package enum AnswerStatus: Sendable, Equatable {
    case code(Int)
    /// It says none: no OCPI answer, or one that was cut off.
    case absent
    /// It says two.
    case ambiguous

    /// Reads the body of an answer. Text in another encoding than UTF-8 does not make an answer incomplete.
    package init(_ body: ByteBuffer) {
        do throws(JSONError) {
            self = try AnswerStatus.read(body)
        } catch {
            let repaired = ByteBuffer(string: String(buffer: body))
            self = error.isRepetition ? .ambiguous : (try? AnswerStatus.read(repaired)) ?? .absent
        }
    }

    /// The code; nil without exactly one.
    package var code: Int? { if case .code(let code) = self { code } else { nil } }

    private static func read(_ body: ByteBuffer) throws(JSONError) -> AnswerStatus {
        guard let range = try body.jsonRange(of: ["status_code"]) else { return .absent }
        return JSONScanner.integer(at: range, in: body.readableBytesUInt8Span).map(AnswerStatus.code) ?? .absent
    }
}
