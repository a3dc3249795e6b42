/// A request as text, with every part under the caller's control.
struct RequestText {
    enum Framing { case none, length, chunked }

    var method: String
    var target: String
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []
    var framing = Framing.length

    var bytes: [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        switch framing {
        case .none: return Array((text + "\r\n").utf8)
        case .length: return Array((text + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
        case .chunked: return Array((text + "Transfer-Encoding: chunked\r\n\r\n").utf8) + Self.chunks(body)
        }
    }

    private static func chunks(_ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = body[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(1000)
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
            rest = rest.dropFirst(chunk.count)
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }
}
