/// Bytes for one connection, and what may come back.
package struct RequestCase: Sendable, Equatable {
    /// What has to come back.
    package enum Due: Sendable, Equatable {
        /// Bytes without a clear meaning: as many answers as there can be requests in them, or none.
        case upTo(Int)
        /// One clear request: one answer.
        case one
        /// One clear request that nobody may carry out: one answer that says no.
        case refusal
    }

    /// How the client ends.
    package enum Ending: Sendable, Equatable {
        /// It waits for the answer, says that no more will come, and reads to the end.
        case patient
        /// It says at once that no more will come, and reads to the end.
        case halfClose
        /// It is gone as soon as it has sent.
        case leave
    }

    /// What kind of input this is.
    package var kind: String
    /// Sent one after the other, each by itself.
    package var pieces: [[UInt8]]
    /// What has to come back.
    package var due: Due
    /// How the client ends.
    package var ending: Ending
    /// A request with HEAD: its answer has no body.
    package var isHead = false
    /// The answer is no OCPI envelope by design: what the node tells about the registry.
    package var isPlain = false

    /// - Parameters: as the properties say.
    package init(_ kind: String, _ pieces: [[UInt8]], due: Due, ending: Ending = .patient) {
        self.kind = kind
        self.pieces = pieces
        self.due = due
        self.ending = ending
    }

    /// How it begins.
    func prefix(_ count: Int) -> [UInt8] {
        pieces.reduce(into: []) { bytes, piece in bytes += piece.prefix(count - bytes.count) }
    }
}
