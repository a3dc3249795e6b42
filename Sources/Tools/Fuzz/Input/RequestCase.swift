/// The bytes for one connection, and the expected answers.
package struct RequestCase: Sendable, Equatable {
    /// The expected answers.
    package enum Due: Sendable, Equatable {
        /// Bytes without a clear meaning: at most as many answers as they may contain requests.
        case upTo(Int)
        /// One well-formed request: one answer.
        case one
        /// One well-formed request that must not be carried out: one answer with an error.
        case refusal
    }

    /// How the client ends the connection.
    package enum Ending: Sendable, Equatable {
        /// It waits for the answer, closes its side, and reads to the end.
        case patient
        /// It closes its side at once, and reads to the end.
        case halfClose
        /// It closes the connection as soon as it has sent.
        case leave
    }

    /// The kind of input.
    package var kind: String
    /// The pieces to send, one after the other.
    package var pieces: [[UInt8]]
    /// The expected answers.
    package var due: Due
    /// How the client ends the connection.
    package var ending: Ending
    /// Whether it is a HEAD request, whose answer has no body.
    package var isHead = false
    /// Whether the answer is no OCPI envelope by design, as for the registry endpoints.
    package var isPlain = false

    package init(_ kind: String, _ pieces: [[UInt8]], due: Due, ending: Ending = .patient) {
        self.kind = kind
        self.pieces = pieces
        self.due = due
        self.ending = ending
    }

    /// The first bytes.
    func prefix(_ count: Int) -> [UInt8] {
        pieces.reduce(into: []) { bytes, piece in bytes += piece.prefix(count - bytes.count) }
    }
}
