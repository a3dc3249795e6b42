package import Encoding
package import OCPI
import Topics

/// Which dead letters are meant. What is nil excludes nothing.
package struct DeadLetterFilter: Sendable, Equatable {
    /// The service they were for.
    package var recipient: PartyID?
    /// What the cause begins with, without case.
    package var cause: String?
    /// Given up at this time or later.
    package var since: Timestamp?
    /// Given up before this time.
    package var until: Timestamp?
    /// Id of the copy.
    package var copyID: String?
    /// Resolved ones too.
    package var includesResolved: Bool

    /// - Parameters: as the properties say.
    package init(
        recipient: PartyID? = nil, cause: String? = nil, since: Timestamp? = nil, until: Timestamp? = nil, copyID: String? = nil,
        includesResolved: Bool = false
    ) {
        self.recipient = recipient
        self.cause = cause
        self.since = since
        self.until = until
        self.copyID = copyID
        self.includesResolved = includesResolved
    }

    /// Whether every unresolved dead letter is meant. Every cause begins with an empty text.
    package var isEmpty: Bool { recipient == nil && cause?.isEmpty != false && since == nil && until == nil && copyID == nil }

    /// Whether this one is meant.
    package func matches(_ letter: DeadLetter) -> Bool {
        if !includesResolved, letter.resolution != nil { return false }
        if let recipient, letter.recipient != recipient { return false }
        if let cause, !letter.cause.lowercased().hasPrefix(cause.lowercased()) { return false }
        if let since, letter.diedAt < since { return false }
        if let until, letter.diedAt >= until { return false }
        if let copyID, letter.copyID != copyID { return false }
        return true
    }
}
