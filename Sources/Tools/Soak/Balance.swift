package import OCPI

/// The totals of a ``Ledger``.
package struct Balance: Sendable, Equatable {
    /// Requests that were answered with success.
    package var requests = 0
    /// Expected copies of these requests.
    package var accepted = 0
    /// Of these, the number that arrived at least once.
    package var delivered = 0
    /// Of these, the number in `ocn.dead` because the recipient rejected them.
    package var dead = 0
    /// Of these, the number in `ocn.dead` because they expired.
    package var expired = 0
    /// Of these, the number that did not arrive before their agreement ended.
    package var withheld = 0
    /// Of these, the number without an outcome: at the end of a run they are lost.
    package var waiting = 0
    /// Whether the counters agree with the entries.
    package var isConserved = true
    /// Copies that arrived for requests whose outcome is unknown to the caller.
    package var uncertain = 0
    /// Arrivals after the first of the same copy.
    package var duplicates = 0
    /// The number of these that restarts of workers can explain: for each restart the running copies and those finished within one commit
    /// interval, for MATCHER also the waiting ones; and the same once more, in case the machine stalled a worker for too long.
    package var duplicatesAllowed = 0
    /// Copies that arrived for the first time after a later one of the same object and recipient.
    package var orderViolations = 0
    /// Arrivals that were not expected, were altered, or had the wrong id.
    package var unexpectedCopies = 0
    /// The longest time without any delivery while copies were waiting.
    package var longestStall = Duration.zero
    /// The same by recipient.
    package var longestStalls: [PartyID: Duration] = [:]
    /// Descriptions of the first faults.
    package var notes: [String] = []

    /// All zero.
    package init() {}

    /// Whether accepted copies = delivered + dead + expired + withheld + waiting.
    package var adds: Bool { isConserved && accepted == delivered + dead + expired + withheld + waiting }

    /// Whether no copy was lost, out of order or unexpected, and all duplicates are explained.
    package var isClean: Bool { faults.isEmpty }

    /// Descriptions of the violated guarantees.
    package var faults: [String] {
        var faults: [String] = []
        if waiting > 0 { faults.append("\(waiting) copies lost") }
        if orderViolations > 0 { faults.append("\(orderViolations) copies out of order") }
        if unexpectedCopies > 0 { faults.append("\(unexpectedCopies) copies unexpected or altered") }
        if duplicates > duplicatesAllowed {
            faults.append(
                "\(duplicates) duplicates, of which at most \(duplicatesAllowed) are explained by processes that died and came back")
        }
        if !adds {
            faults.append(
                "the ledger does not add up: \(accepted) accepted, but \(delivered) delivered, \(dead) dead, \(expired) expired, "
                    + "\(withheld) withheld and \(waiting) waiting")
        }
        return faults
    }
}
