import Encoding
import NIOCore

/// The answers on one connection.
struct Answers: Sendable, Equatable {
    /// Complete final answers, without `100 Continue` and the like.
    private(set) var final: [RawAnswer] = []
    /// The bytes after them that are no complete answer.
    private(set) var rest: ArraySlice<UInt8>

    /// - Parameter headOnly: whether the requests were HEAD.
    init(_ bytes: [UInt8], headOnly: Bool) {
        rest = bytes[...]
        while let (answer, end) = Self.first(in: rest, headOnly: headOnly) {
            rest = rest[end...]
            if answer.status >= 200 { final.append(answer) }
        }
    }

    private static func first(in bytes: ArraySlice<UInt8>, headOnly: Bool) -> (RawAnswer, end: Int)? {
        guard let headEnd = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<headEnd.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix("HTTP/1."), let status = Int(first.dropFirst(9).prefix(3)) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let hasBody = !headOnly && status >= 200 && status != 204 && status != 304
        let length = hasBody ? headers["content-length"].flatMap { Int($0) } ?? 0 : 0
        guard length >= 0, bytes.endIndex - headEnd.upperBound >= length else { return nil }
        let end = headEnd.upperBound + length
        return (RawAnswer(status: status, headers: headers, body: Array(bytes[headEnd.upperBound..<end])), end)
    }
}
