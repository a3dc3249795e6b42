package import NIOCore
package import NIOHTTP1

/// What a party's server does with a request: an answer, or a kind of misbehaviour.
package struct ServerAnswer: HTTPMessage {
    /// When it is sent.
    package enum Timing: Sendable {
        case now
        case after(Duration)
        /// When ``PartyServer/release()`` is called.
        case whenReleased
    }

    /// What is sent of it.
    package enum Form: Sendable {
        /// Head and body, the length of the body announced. A status that has no body is sent without one.
        case complete
        /// Head and these pieces with a pause between them, the length not announced. ``ServerAnswer/body`` is not sent.
        case chunks([ByteBuffer], pause: Duration)
        /// Head and body, but not the end of it.
        case unfinished
        /// The head, then the body again and again for as long as somebody reads.
        case endless
        /// The body alone, in place of status line, headers and body.
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
    /// Now, if nothing else is said.
    package var timing = Timing.now
    /// Complete, if nothing else is said.
    package var form = Form.complete
    /// Whether the connection is closed behind it, whatever its headers say.
    package var closes = false

    /// - Parameter headers: besides Content-Length, and besides Content-Type, which is application/json unless it is among them.
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

    /// Whether it is a complete answer at once.
    package var isPrompt: Bool {
        if case (.now, .complete, false) = (timing, form, closes) { true } else { false }
    }

    /// The same, later.
    package func after(_ pause: Duration) -> ServerAnswer { with { $0.timing = .after(pause) } }

    /// The same, with the connection closed behind it.
    package func closing() -> ServerAnswer { with { $0.closes = true } }

    /// The same in another form.
    package func sent(as form: Form) -> ServerAnswer { with { $0.form = form } }

    /// The same with more headers; a name that is there already keeps its value.
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

    /// The connection stays open and silent.
    package static let silence = ServerAnswer(text: "").sent(as: .nothing)
    /// The connection is closed without a word.
    package static let hangUp = silence.closing()

    /// These bytes alone, whatever they are.
    package static func raw(_ text: String) -> ServerAnswer { ServerAnswer(text: text).sent(as: .raw) }
}
