import NIOCore
import TestParties

// Answers as these tests write them.
extension ServerAnswer {
    static let success = ServerAnswer(text: #"{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}"#)

    /// Success, when the server is told to release it.
    static let hold = {
        var answer = success
        answer.timing = .whenReleased
        return answer
    }()

    static func answer(_ status: Int, _ headers: [(String, String)] = [], _ text: String) -> ServerAnswer {
        ServerAnswer(status, headers: headers, text: text)
    }

    /// Any bytes, not only text.
    static func bytes(_ status: Int, _ headers: [(String, String)] = [], _ bytes: [UInt8]) -> ServerAnswer {
        ServerAnswer(status, headers: headers, body: ByteBuffer(bytes: bytes))
    }

    /// An answer; the connection ends behind it, whatever it says of that.
    static func last(_ status: Int, _ headers: [(String, String)] = [], _ text: String) -> ServerAnswer {
        answer(status, headers, text).closing()
    }

    /// In pieces, its length not announced.
    static func chunks(_ status: Int, _ texts: [String]) -> ServerAnswer {
        ServerAnswer(status, text: "").sent(as: .chunks(texts.map { ByteBuffer(string: $0) }, pause: .zero))
    }

    /// This piece of an answer, and nothing more.
    static func beginning(_ text: String) -> ServerAnswer { ServerAnswer(text: text).sent(as: .unfinished) }

    /// Pieces of 64 KiB without end, for as long as somebody reads.
    static func endless(_ status: Int) -> ServerAnswer {
        ServerAnswer(status, body: ByteBuffer(repeating: UInt8(ascii: " "), count: 64 * 1024)).sent(as: .endless)
    }
}
