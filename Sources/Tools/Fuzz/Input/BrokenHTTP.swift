import OCPI
import Testbed

/// Bytes that are not, or only almost, a well-formed HTTP request.
struct BrokenHTTP {
    let material: Material

    func make(_ numbers: inout SeededNumbers) -> RequestCase {
        let (kind, bytes) = content(&numbers)
        // Every request contains "HTTP/". The number of answers must not exceed the number of requests plus one error.
        let requests = bytes.ranges(of: Array("HTTP/".utf8)).count
        let ending: RequestCase.Ending = numbers.chance(6) ? .leave : .halfClose
        return RequestCase("HTTP: \(kind)", split(bytes, &numbers), due: .upTo(requests + 1), ending: ending)
    }

    private func content(_ numbers: inout SeededNumbers) -> (String, [UInt8]) {
        switch numbers.below(9) {
        case 0: return ("random bytes", numbers.bytes(1 + numbers.below(600)))
        case 1, 2: return ("mutated request", OddBytes.mutate(good(&numbers), &numbers))
        case 3: return ("request line", Array(line(&numbers).utf8) + Array("Host: \(material.host)\r\n\r\n".utf8))
        case 4: return ("header lines", headers(&numbers))
        case 5: return ("length and coding", framing(&numbers))
        case 6: return ("chunks", chunks(&numbers))
        case 7: return ("pipelined", (0..<(2 + numbers.below(20))).flatMap { _ in numbers.chance(90) ? good(&numbers) : framing(&numbers) })
        default: return ("huge", huge(&numbers))
        }
    }

    /// Sometimes small pieces, as on a slow connection.
    private func split(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [[UInt8]] {
        guard bytes.count > 2, numbers.chance(30) else { return [bytes] }
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = pieces.count < 6 ? 1 + numbers.below(max(1, rest.count / 2)) : rest.count
            pieces.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return pieces
    }

    /// A well-formed request, to be mutated.
    private func good(_ numbers: inout SeededNumbers) -> [UInt8] {
        let headers: [(name: String, value: String)] = [
            (name: "Host", value: material.host), ("Authorization", material.authorization), ("X-Request-ID", "r"),
            ("X-Correlation-ID", "c"),
        ]
        if numbers.chance(50) {
            return RequestText(method: "GET", target: "/ocpi/versions", headers: headers, framing: .none).bytes
        }
        let routing: [(name: String, value: String)] = [
            ("OCPI-from-country-code", material.sender.country), ("OCPI-from-party-id", material.sender.party),
            ("OCPI-to-country-code", material.receiver.country), ("OCPI-to-party-id", material.receiver.party),
        ]
        return RequestText(
            method: "POST", target: "/ocpi/receiver/2.2.1/cdrs", headers: headers + routing,
            body: Array(#"{"id":"C1","session_id":"S1"}"#.utf8),
            framing: numbers.chance(50) ? .length : .chunked
        ).bytes
    }

    private func line(_ numbers: inout SeededNumbers) -> String {
        let method = numbers.pick([
            "GET", "POST", "PUT", "get", "BREW", "PRI", "CONNECT", "OPTIONS", "TRACE", "G\u{00}T", "", " GET", "M-SEARCH",
        ])
        let target = numbers.pick([
            "/ocpi/versions", "*", "ocpi/versions", "http://a/ocpi/versions", "HTTP://\(material.host)/ocpi/versions", "//a/ocpi/versions",
            "http://u:p@a/", "ftp://a/", "/ocpi /versions", "/\u{00}", "/ocpi/versions#x", "a:443", "/é", "/" + OddText.make(&numbers), "",
        ])
        let version = numbers.pick([
            "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1x", "http/1.1", "HTTP/1.", "HTTP/11.1", "", "HTCPCP/1.0",
        ])
        return "\(method)\(numbers.pick([" ", " ", "\t", "  "]))\(target) \(version)\(numbers.pick(["\r\n", "\r\n", "\n", "\r"]))"
    }

    private func headers(_ numbers: inout SeededNumbers) -> [UInt8] {
        var text = "GET /ocpi/versions HTTP/1.1\r\n"
        if numbers.chance(80) { text += "Host: \(material.host)\r\n" }
        for _ in 0..<(1 + numbers.below(6)) {
            text += numbers.pick([
                "Host: b\r\n", "Host:\r\n", "Host : a\r\n", "broken\r\n", ": a\r\n", "X: \u{00}\r\n", "X: \u{01}\r\n", "X: a\rY: b\r\n",
                " folded\r\n",
                "X: a\r\n\tb\r\n", "X\u{7F}: a\r\n", "Connection: close\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n",
                "Expect: 100-continue\r\n",
                "Expect: x\r\n", "TE: trailers\r\n", "Connection: Host\r\n", "Keep-Alive: timeout=-1\r\n",
                "Authorization: \(OddText.headerValue(&numbers))\r\n", "\(OddText.headerValue(&numbers)): a\r\n",
            ])
        }
        return Array((text + "\r\n").utf8)
    }

    private func framing(_ numbers: inout SeededNumbers) -> [UInt8] {
        var text = "POST /ocpi/receiver/2.2.1/cdrs HTTP/1.\(numbers.pick(["1", "1", "1", "0"]))\r\nHost: \(material.host)\r\n"
        if numbers.chance(50) { text += "Authorization: \(material.authorization)\r\nX-Request-ID: r\r\nX-Correlation-ID: c\r\n" }
        for _ in 0..<(1 + numbers.below(2)) {
            let name = numbers.pick(["Content-Length", "Content-Length", "Transfer-Encoding", "content-length ", "Transfer-Encoding "])
            let value = numbers.pick([
                "0", "2", "3", "+3", "-3", "0x3", "3, 3", "3,4", "1e1", "99999999999999999999", "9223372036854775807", "", "chunked",
                "chunked, chunked",
                "identity", "gzip, chunked", "xchunked", "chunked\u{0B}", "\tchunked", "CHUNKED",
            ])
            text += "\(name): \(value)\r\n"
        }
        let body = numbers.pick(["", "{}", "0\r\n\r\n", "2\r\n{}\r\n0\r\n\r\n", "{}GET /ocpi/versions HTTP/1.1\r\nHost: a\r\n\r\n"])
        return Array((text + "\r\n" + body).utf8)
    }

    private func chunks(_ numbers: inout SeededNumbers) -> [UInt8] {
        var text = "POST /ocpi/receiver/2.2.1/cdrs HTTP/1.1\r\nHost: \(material.host)\r\nAuthorization: \(material.authorization)\r\n"
        text += "X-Request-ID: r\r\nX-Correlation-ID: c\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in 0..<numbers.below(6) {
            text += numbers.pick([
                "2\r\n{}\r\n", "1\r\n{\r\n", "zz\r\n", "2\r\n{}", "-1\r\n", "0x2\r\n{}\r\n", "2;a=b\r\n{}\r\n",
                "2;\(String(repeating: "x", count: 9000))\r\n{}\r\n",
                "ffffffffffffffff\r\n", "7fffffffffffffff\r\n", "00000000000000002\r\n{}\r\n", "\r\n", "2\n{}\n", " 2\r\n{}\r\n",
            ])
        }
        text += numbers.pick(["0\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\nContent-Length: 5\r\nHost: b\r\n\r\n", "0\r\n", ""])
        return Array(text.utf8)
    }

    private func huge(_ numbers: inout SeededNumbers) -> [UInt8] {
        let size = numbers.pick([8000, 8190, 8193, 16_384, 65_000, 66_000, 200_000])
        let filling = String(repeating: numbers.pick(["x", "|", "%41", "/"]), count: size)
        switch numbers.below(4) {
        case 0: return Array("GET /ocpi/\(filling) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        case 1: return Array("GET /ocpi/versions HTTP/1.1\r\nHost: a\r\nX: \(filling)\r\n\r\n".utf8)
        case 2: return Array("GET /ocpi/versions HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: 1\r\n", count: size / 16))\r\n".utf8)
        default: return Array("\(filling) /ocpi/versions HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        }
    }
}
