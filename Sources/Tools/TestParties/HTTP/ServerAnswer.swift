package import NIOCore
package import NIOHTTP1

/// The reaction of a party's server to a request: an answer or a fault.
package struct ServerAnswer: HTTPMessage {
    /// The time at which it is sent.
    package enum Timing: Sendable {
        case now
        case after(Duration)
        /// When ``PartyServer/release()`` is called.
        case whenReleased
    }

    /// The form in which it is sent.
    package enum Form: Sendable {
        /// Head and body with Content-Length. A status that permits no body is sent without one.
        case complete
        /// Head and these chunks with pauses, without Content-Length. ``ServerAnswer/body`` is not sent.
        case chunks([ByteBuffer], pause: Duration)
        /// Head and body without the final chunk.
        case unfinished
        /// The head, then the body repeatedly until the connection is closed.
        case endless
        /// The bytes of the body instead of an HTTP response.
        case raw
        /// Nothing.
        case nothing
    }

    /// HTTP status.
    package var status: Int
    /// Without Content-Length.
    package var headers: HTTPHeaders
    /// Byte for byte.
    package var body: ByteBuffer
    /// Now by default.
    package var timing = Timing.now
    /// Complete by default.
    package var form = Form.complete
    /// Whether the connection is closed after it, independent of its headers.
    package var closes = false

    /// - Parameter headers: without Content-Length; Content-Type is application/json by default.
    package init(_ status: Int = 200, headers: [(String, String)] = [], body: ByteBuffer) {
        self.status = status
        self.headers = HTTPHeaders(headers)
        self.body = body
        if !self.headers.contains(name: "Content-Type") { self.headers.add(name: "Content-Type", value: "application/json") }
    }

    /// The same with text.
    package init(_ status: Int = 200, headers: [(String, String)] = [], text: String) {
        self.init(status, headers: headers, body: ByteBuffer(string: text))
    }

    /// Whether it is a complete answer without delay.
    package var isPrompt: Bool {
        if case (.now, .complete, false) = (timing, form, closes) { true } else { false }
    }

    /// The same after a delay.
    package func after(_ pause: Duration) -> ServerAnswer { with { $0.timing = .after(pause) } }

    /// The same, and the connection is closed after it.
    package func closing() -> ServerAnswer { with { $0.closes = true } }

    /// The same in another form.
    package func sent(as form: Form) -> ServerAnswer { with { $0.form = form } }

    /// The same with more headers. Existing headers keep their value.
    package func adding(_ headers: [(name: String, value: String)]) -> ServerAnswer {
        with { answer in
            for (name, value) in headers where !answer.headers.contains(name: name) { answer.headers.add(name: name, value: value) }
        }
    }

    private func with(_ change: (inout ServerAnswer) -> Void) -> ServerAnswer {
        var answer = self
        change(&answer)
        return answer
    }

    /// No answer on an open connection.
    package static let silence = ServerAnswer(text: "").sent(as: .nothing)
    /// No answer, and the connection is closed.
    package static let hangUp = silence.closing()

    /// These bytes instead of an HTTP response.
    package static func raw(_ text: String) -> ServerAnswer { ServerAnswer(text: text).sent(as: .raw) }
}
