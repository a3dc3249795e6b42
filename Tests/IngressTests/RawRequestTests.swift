import Encoding
import Inbound
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Ingress

/// Requests as bytes over TCP. A malformed request gets one OCPI error, and then the connection closes, because the start of the next
/// request is unknown.
@Suite struct RawRequestTests {
    /// Bytes that are rejected.
    struct Broken: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        var status = 400

        init(_ name: String, _ text: String, _ status: Int = 400) {
            self.init(name, Array(text.utf8), status)
        }

        init(_ name: String, _ bytes: [UInt8], _ status: Int = 400) {
            self.name = name
            self.bytes = bytes
            self.status = status
        }

        var testDescription: String { name }
    }

    private static let post = "POST /ocpi/receiver/2.2.1/cdrs HTTP/1.1\r\nHost: a\r\n"
    private static let get = "GET /ocpi/versions HTTP/1.1\r\n"

    static let requestLines = [
        Broken("no HTTP", "hello\r\n\r\n"),
        Broken("a TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]),
        Broken("an unknown method", "BREW /ocpi/versions HTTP/1.1\r\nHost: a\r\n\r\n"),
        Broken("a method in small letters", "get /ocpi/versions HTTP/1.1\r\nHost: a\r\n\r\n"),
        Broken("no version", "GET /ocpi/versions\r\n\r\n"),
        Broken("HTTP/2", "GET /ocpi/versions HTTP/2.0\r\nHost: a\r\n\r\n"),
        Broken("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Broken("a version that is none", "GET /ocpi/versions HTTP/1.1x\r\nHost: a\r\n\r\n"),
        Broken("a blank in the target", "GET /ocpi /versions HTTP/1.1\r\nHost: a\r\n\r\n"),
        Broken("a relative target", "GET ocpi/versions HTTP/1.1\r\nHost: a\r\n\r\n"),
        Broken("an asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        Broken("an URL of another kind", "GET ftp://a/ocpi/versions HTTP/1.1\r\nHost: a\r\n\r\n"),
        Broken("an URL with a password", "GET http://u:p@a/ocpi/versions HTTP/1.1\r\nHost: a\r\n\r\n"),
        Broken("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501),
        Broken("a huge target", "GET /ocpi/\(String(repeating: "x", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n", 413),
    ]

    static let headerLines = [
        Broken("no Host", "\(get)\r\n"),
        Broken("two Hosts", "\(get)Host: a\r\nHost: a\r\n\r\n"),
        Broken("two Hosts in HTTP/1.0", "GET /ocpi/versions HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        Broken("an empty Host", "\(get)Host:\r\n\r\n"),
        Broken("a Host with a blank", "\(get)Host: a b\r\n\r\n"),
        Broken("a Host with a path", "\(get)Host: a/b\r\n\r\n"),
        Broken("a Host with a name", "\(get)Host: u@a\r\n\r\n"),
        Broken("a Host with letters for a port", "\(get)Host: a:b\r\n\r\n"),
        Broken("two hosts in one Host", "\(get)Host: a, b\r\n\r\n"),
        Broken("a blank before the colon", "\(get)Host : a\r\n\r\n"),
        Broken("a header without a colon", "\(get)Host: a\r\nbroken\r\n\r\n"),
        Broken("a header without a name", "\(get)Host: a\r\n: broken\r\n\r\n"),
        Broken("NUL in a header", Array("\(get)Host: a\r\nX: ".utf8) + [0] + Array("\r\n\r\n".utf8)),
        Broken("a control character in a header", "\(get)Host: a\r\nX: \u{01}\r\n\r\n"),
        Broken("a bare CR in a header", "\(get)Host: a\r\nX: a\rY: b\r\n\r\n"),
        Broken("a huge header", "\(get)Host: a\r\nX: \(String(repeating: "x", count: 9000))\r\n\r\n", 413),
        Broken("many headers", "\(get)Host: a\r\n\(String(repeating: "X: 1\r\n", count: 300))\r\n", 413),
    ]

    /// Requests that two servers could interpret differently.
    static let smuggling = [
        Broken("length and chunks", "\(post)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Broken("chunks and length", "\(post)Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
        Broken("two lengths", "\(post)Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        Broken("the same length twice", "\(post)Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        Broken("two lengths in one", "\(post)Content-Length: 3, 3\r\n\r\nabc"),
        Broken("a length with a sign", "\(post)Content-Length: +3\r\n\r\nabc"),
        Broken("a negative length", "\(post)Content-Length: -3\r\n\r\nabc"),
        Broken("a hexadecimal length", "\(post)Content-Length: 0x3\r\n\r\nabc"),
        Broken("an endless length", "\(post)Content-Length: 99999999999999999999\r\n\r\nabc"),
        Broken("a coding that is none", "\(post)Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        Broken("chunked and more", "\(post)Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        Broken("chunked after something", "\(post)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        Broken("chunked twice", "\(post)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Broken("a coding with a tab", "\(post)Transfer-Encoding:\tchunked\u{0B}\r\n\r\n0\r\n\r\n"),
        Broken("chunks in HTTP/1.0", "POST /ocpi/receiver/2.2.1/cdrs HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]

    @Test(arguments: requestLines + headerLines + smuggling) func whatIsNoClearRequestGetsOneAnswerAndTheConnectionCloses(
        broken: Broken
    ) async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                // The bytes that follow are not parsed as a request.
                try await connection.send(broken.bytes + Array(RawListener.request().utf8))
                try await connection.waitForClose()
                let answers = connection.answers()
                let answer = try #require(answers.first, "\(connection.text)")
                #expect(answers.count == 1 && connection.text.hasSuffix(answer.body), "\(connection.text)")
                #expect(answer.status == broken.status, "\(answer.body)")
                #expect(answer["connection"] == "close" && answer["content-type"] == "application/json", "\(answer.headers)")
                #expect(answer.code == 2000 && answer.message?.isEmpty == false, "\(answer.body)")
            }
        }
        #expect(ingress.produced.isEmpty)
    }

    @Test func aBrokenRequestIsAnsweredInItsTurn() async throws {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request() + RawListener.request() + "broken\r\n\r\n" + RawListener.request())
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [200, 200, 400])
                #expect(connection.answers().map { $0["connection"] } == [nil, nil, "close"])
            }
        }
    }

    // MARK: Bodies

    @Test func aBadChunkIsRefusedOnce() async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(
                    RawListener.request("POST", "/ocpi/receiver/2.2.1/cdrs", ["Transfer-Encoding: chunked"], body: "2\r\n{}\r\nzz\r\n}\r\n")
                )
                try await connection.waitForClose()
                let answer = try #require(connection.answers().first)
                #expect(connection.answers().count == 1 && answer.status == 400 && answer.code == 2000, "\(connection.text)")
                #expect(answer.message?.contains("chunk") == true && answer["connection"] == "close", "\(connection.text)")
            }
        }
        #expect(ingress.produced.isEmpty, "half a body is no body")
    }

    @Test func aBadChunkAfterARefusalGetsNoSecondAnswer() async throws {
        let head = "POST /ocpi/receiver/2.2.1/cdrs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(head)
                #expect(try await connection.waitForAnswers(1).first?.status == 401)
                try await connection.send("zz\r\n")
                try await connection.waitForClose()
                #expect(connection.answers().count == 1, "\(connection.text)")
            }
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(head + "zz\r\n")
                try await connection.waitForClose()
                #expect(connection.answers().count == 1 && connection.answers().first?["connection"] == "close", "\(connection.text)")
            }
        }
    }

    @Test func aRequestThatEndsInTheMiddleIsNotCarriedOut() async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress) { listener in
            for part in ["GET /ocpi/vers", RawListener.request("POST", "/ocpi/receiver/2.2.1/cdrs", ["Content-Length: 9"], body: "{}")] {
                try await RawConnection.with(port: listener.port) { connection in
                    try await connection.send(part)
                    try await connection.finish()
                    try await connection.waitForClose()
                    #expect(connection.answers().map(\.status) == [400] && connection.answers().first?.code == 2000, "\(connection.text)")
                }
            }
        }
        #expect(ingress.produced.isEmpty)
    }

    @Test func aClientThatAsksBeforeItSendsItsBodyIsTold() async throws {
        let body = #"{"id":"C1"}"#
        let expect = ["Expect: 100-continue", "Content-Length: \(body.utf8.count)"]
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request("POST", "/ocpi/receiver/2.2.1/cdrs", expect))
                #expect(try await connection.waitForAnswers(1).first?.status == 100)
                try await connection.send(body)
                #expect(try await connection.waitForAnswers(2).map(\.status) == [100, 200])
                try await RawListener.expectKept(connection, after: 2)
            }
            // HTTP/1.0 has no 100 Continue.
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request("POST", "/ocpi/receiver/2.2.1/cdrs", version: "HTTP/1.0", expect, body: body))
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [200], "\(connection.text)")
            }
            // A body over the limit is not requested.
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(
                    RawListener.request("POST", "/ocpi/receiver/2.2.1/cdrs", ["Expect: 100-continue", "Content-Length: 5000"]))
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [413] && connection.answers().first?["connection"] == "close")
            }
        }
    }

    // MARK: Methods and targets

    @Test func headHasNoBodyAndTheConnectionStays() async throws {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request("HEAD", "/ocpi/versions"))
                let answer = try #require(try await connection.waitForAnswers(1, withoutBodies: true).first)
                #expect((answer["content-length"].flatMap { Int($0) } ?? 0) > 0)
                #expect(connection.text.hasSuffix("\r\n\r\n") && !connection.isClosed, "\(connection.text)")
                let length = connection.count
                try await connection.send(RawListener.request())
                try await eventually("the next answer") { connection.count > length }
                #expect(connection.text.utf8.dropFirst(length).starts(with: "HTTP/1.1 200 OK".utf8), "\(connection.text)")
            }
        }
    }

    @Test(arguments: [
        "HEAD /ocpi/versions HTTP/1.1\r\n\r\n", "HEAD ftp://h/a HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ])
    func aRefusedHeadHasNoBodyEither(request: String) async throws {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(request)
                try await connection.waitForClose()
                #expect(connection.answers(withoutBodies: true).map(\.status) == [400] && connection.text.hasSuffix("\r\n\r\n"))
            }
            // The rejection after a valid HEAD belongs to another request.
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request("HEAD", "/ocpi/versions") + "GET / HTTP/1.1\r\n\r\n")
                try await connection.waitForClose()
                #expect(connection.text.hasSuffix("}"), "\(connection.text)")
            }
        }
    }

    @Test(arguments: ["PROPFIND", "TRACE", "OPTIONS"]) func aMethodThatIsNotHereIsRefusedAndTheConnectionStays(method: String) async throws
    {
        try await RawListener.run { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(RawListener.request(method))
                let answer = try #require(try await connection.waitForAnswers(1).first)
                #expect(answer.status == 405 && answer.code == 2000, "\(connection.text)")
                try await RawListener.expectKept(connection, after: 1)
            }
        }
    }

    /// A recipient that echoes a TRACE would reveal the hub's token to the caller.
    @Test(arguments: ["TRACE", "HEAD", "PROPFIND", "OPTIONS"]) func customModulesHaveTheFiveMethodsOfOCPIToo(method: String) async throws {
        let ingress = TestIngress()
        let refused = try await ingress.ask(method, "/ocpi/custom/sender/parking", headers())
        #expect(refused.status == 405)
        #expect(Set((refused["Allow"] ?? "").split(separator: ", ")) == ["GET", "PUT", "POST", "PATCH", "DELETE"])
        #expect(ingress.produced.isEmpty)
    }

    /// Some servers treat a backslash as a slash, so it must not lead out of the endpoint.
    @Test func aBackslashGoesOnUnlessItLeadsElsewhere() async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                let good = #"/ocpi/sender/2.2.1/locations/A\B%5CC\?x=a\b&y=..\c"#
                try await connection.send(RawListener.request("GET", good))
                #expect(try await connection.waitForAnswers(1).first?.status == 200, "\(connection.text)")
                let bad = [
                    #"..\credentials"#, "..%5Ccredentials", "..%5C", #"..\"#, #"\.."#, #"A\..\..\credentials"#, #"A\%2e%2e"#, "A%5c%2E%2e",
                    #"A\.%2e;x\credentials"#, #"..%255Ccredentials"#,
                ]
                for (index, path) in bad.enumerated() {
                    try await connection.send(RawListener.request("GET", "/ocpi/sender/2.2.1/locations/" + path))
                    let answer = try #require(try await connection.waitForAnswers(index + 2).last)
                    #expect(answer.status == 404 && answer.code == 2000, "\(path): \(connection.text)")
                }
            }
        }
        let request = try #require(ingress.produced.first)
        #expect(ingress.produced.count == 1)
        #expect(request.path == #"A\B%5CC\"# && request.query == #"x=a\b&y=..\c"#)
    }

    @Test func anAbsoluteTargetIsReadAsItStands() async throws {
        let ingress = TestIngress()
        try await RawListener.run(ingress) { listener in
            try await RawConnection.with(port: listener.port) { connection in
                try await connection.send(
                    RawListener.request("GET", "HTTP://proxy.example:8080/ocpi/sender/2.2.1/locations/A|B%20C?x=a|b&y=%2F"))
                #expect(try await connection.waitForAnswers(1).first?.status == 200)
            }
        }
        let request = try #require(ingress.produced.first)
        #expect(request.path == "A|B%20C" && request.query == "x=a|b&y=%2F")
    }
}
