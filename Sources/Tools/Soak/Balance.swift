package import OCPI

/// The sums of a ``Ledger``.
package struct Balance: Sendable, Equatable {
    /// Requests whose callers saw success.
    package var requests = 0
    /// Copies that are owed for them.
    package var accepted = 0
    /// Of these, how many arrived at least once.
    package var delivered = 0
    /// Of these, how many ended in `ocn.dead` because the recipient would never take them.
    package var dead = 0
    /// Of these, how many ended in `ocn.dead` because their time was over.
    package var expired = 0
    /// Of these, how many did not arrive before their agreement ended.
    package var withheld = 0
    /// Of these, how many have not ended: at the end of a run they are lost.
    package var waiting = 0
    /// Whether what was counted as it happened agrees with what the entries say.
    package var isConserved = true
    /// Copies that arrived of requests whose callers do not know whether they were accepted.
    package var uncertain = 0
    /// Arrivals after the first of the same copy.
    package var duplicates = 0
    /// How many of these can be explained by workers that died or came back: each time what was under way and what one commit interval
    /// held, for a MATCHER also what was waiting; and one portion more, for a worker that the machine itself stopped for too long.
    package var duplicatesAllowed = 0
    /// Copies that arrived for the first time after a later one of the same object and recipient.
    package var orderViolations = 0
    /// Arrivals that nobody was owed, that were altered, or whose ids were not the copy's own.
    package var unexpectedCopies = 0
    /// The longest time without any delivery while something was waiting.
    package var longestStall = Duration.zero
    /// The same for each recipient by itself.
    package var longestStalls: [PartyID: Duration] = [:]
    /// What was wrong, in words; the first ones.
    package var notes: [String] = []

    /// All zero.
    package init() {}

    /// Accepted copies = delivered + dead + expired + withheld + waiting.
    package var adds: Bool { isConserved && accepted == delivered + dead + expired + withheld + waiting }

    /// Nothing lost, nothing out of order, nothing that should not be, and no more repeats than there were reasons for.
    package var isClean: Bool { faults.isEmpty }

    /// Every promise that was not kept, in words.
    package var faults: [String] {
        var faults: [String] = []
        if waiting > 0 { faults.append("\(waiting) copies lost") }
        if orderViolations > 0 { faults.append("\(orderViolations) copies out of order") }
        if unexpectedCopies > 0 { faults.append("\(unexpectedCopies) copies not owed or altered") }
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
