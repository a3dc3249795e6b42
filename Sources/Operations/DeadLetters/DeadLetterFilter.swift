package import Encoding
package import OCPI
import Topics

/// Selects dead letters. A nil condition matches everything.
package struct DeadLetterFilter: Sendable, Equatable {
    /// The service that they were for.
    package var recipient: PartyID?
    /// A prefix of the cause, case-insensitive.
    package var cause: String?
    /// Written at this time or later.
    package var since: Timestamp?
    /// Written before this time.
    package var until: Timestamp?
    /// Id of the copy.
    package var copyID: String?
    /// Whether resolved ones are included.
    package var includesResolved: Bool

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

    /// Whether every unresolved dead letter is selected. An empty cause matches every cause.
    package var isEmpty: Bool { recipient == nil && cause?.isEmpty != false && since == nil && until == nil && copyID == nil }

    /// Whether the dead letter is selected.
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
