package import OCPI

/// Records the accepted requests with their expected copies, every delivery at the recipients' servers, and every dead letter. A value
/// without a clock or I/O; times are parameters, relative to any start.
///
/// It uses only what callers and recipients of the hub see, so that it cannot share an error with the hub.
package struct Ledger: Sendable {
    /// A request to be sent.
    package struct Message: Sendable, Equatable {
        /// The number of the request, unique in a run.
        package let number: Int
        /// The object that it changes.
        package let object: String
        /// Its number within the changes of that object, ascending.
        package let sequence: Int
        /// The expected recipients of copies: the services that the sender has an agreement with and that subscribe to the module.
        package let recipients: [PartyID]
        /// A hash of method, path and body.
        package let fingerprint: Int

        package init(number: Int, object: String, sequence: Int, recipients: [PartyID], fingerprint: Int) {
            self.number = number
            self.object = object
            self.sequence = sequence
            self.recipients = recipients
            self.fingerprint = fingerprint
        }
    }

    /// A kind of worker that continues from its last commit when a member of its group crashes or restarts.
    package enum Worker: String, Sendable {
        /// Delivers again what was running, and what was finished since the last commit.
        case push
        /// Writes the same copies again. While it catches up, it writes all waiting copies within a commit interval.
        case matcher
    }

    /// The outcome of a copy in `ocn.dead`.
    package enum DeadLetterKind: Sendable { case dead, expired }

    private struct Copy {
        var id: String?
        var arrivals = 0
        var death: DeadLetterKind?

        var hasEnded: Bool { arrivals > 0 || death != nil }
    }

    private struct Entry {
        let message: Message
        var isAccepted = false
        /// The OCPI status code if the caller got another answer.
        var refusal: Int?
        var copies: [PartyID: Copy]
    }

    private struct ObjectHistory: Hashable {
        let recipient: PartyID
        let object: String
    }

    private var entries: [Int: Entry] = [:]
    private var newest: [ObjectHistory: Int] = [:]
    private var copyIDs: [String: Int] = [:]
    private var withdrawn: Set<PartyID> = []
    private var stall = DeliveryStall()
    private var stalls: [PartyID: DeliveryStall] = [:]
    private var pace: Pace
    private let inFlight: Int
    private var restarts: [Worker: Int] = [:]
    private var mostWaiting = 0
    private var requests = 0
    private var duplicates = 0
    private var orderViolations = 0
    private var unexpectedCopies = 0
    private var notes: [String] = []

    /// - Parameters:
    ///   - inFlight: maximum number of running copies of all workers together.
    ///   - commitInterval: longest time between finishing a record and committing it.
    package init(inFlight: Int, commitInterval: Duration) {
        self.inFlight = inFlight
        pace = Pace(window: commitInterval)
    }

    /// Copies of accepted requests without an outcome.
    package private(set) var waiting = 0

    // MARK: Events

    /// A request will be sent. Its copies may arrive before its answer, or without one.
    package mutating func sends(_ message: Message) {
        let copies = Dictionary(message.recipients.map { ($0, Copy()) }) { first, _ in first }
        entries[message.number] = Entry(message: message, copies: copies)
    }

    /// The request was answered with success: from now on every copy is expected.
    package mutating func accepted(_ number: Int, at time: Duration) {
        guard var entry = entries.removeValue(forKey: number), !entry.isAccepted else { return }
        entry.isAccepted = true
        requests += 1
        for (recipient, copy) in entry.copies where !copy.hasEnded && !withdrawn.contains(recipient) { expect(recipient, at: time) }
        entries[number] = entry
    }

    /// The request was answered with another OCPI status code.
    package mutating func answered(_ number: Int, _ code: Int) { entries[number]?.refusal = code }

    /// The request was not sent: no copy of it may arrive.
    package mutating func refused(_ number: Int) {
        entries[number] = nil
    }

    /// A recipient has received a copy.
    /// - Parameters:
    ///   - number: the number of the request in the copy; nil if it has none.
    ///   - id: the copy's id; nil if it has none.
    ///   - fingerprint: hash of method, path and body as received.
    package mutating func arrived(_ number: Int?, id: String?, fingerprint: Int, at recipient: PartyID, time: Duration) {
        pace.note(time)
        guard let number, var entry = entries[number], var copy = entry.copies[recipient] else {
            return unexpected("\(recipient) got an unexpected copy: request \(number.map(String.init) ?? "without a number")")
        }
        if fingerprint != entry.message.fingerprint { unexpected("\(recipient) got a copy of request \(number) that was altered") }
        check(id, of: number, known: copy.id, recipient)
        copy.id = copy.id ?? id
        let isFirst = copy.arrivals == 0
        let isExpected = entry.isAccepted && !copy.hasEnded && !withdrawn.contains(recipient)
        copy.arrivals += 1
        entry.copies[recipient] = copy
        entries[number] = entry
        if isFirst {
            checkOrder(entry, recipient)
        } else {
            duplicates += 1
        }
        settle(recipient, isExpected, at: time)
    }

    /// A copy is in `ocn.dead`. Further records for it have no effect.
    package mutating func died(_ number: Int?, _ death: DeadLetterKind, for recipient: PartyID, at time: Duration) {
        guard let number, var entry = entries[number], var copy = entry.copies[recipient] else {
            return unexpected(
                "ocn.dead has a copy for \(recipient) that was not expected: request \(number.map(String.init) ?? "without a number")")
        }
        let isExpected = entry.isAccepted && !copy.hasEnded && !withdrawn.contains(recipient)
        copy.death = copy.death ?? death
        entry.copies[recipient] = copy
        entries[number] = entry
        settle(recipient, isExpected, at: time)
    }

    /// A copy or dead letter could not be parsed.
    package mutating func unreadable(_ what: String) { unexpected("\(what) cannot be read") }

    /// The agreement with a recipient has ended: waiting copies for it may be withheld.
    package mutating func withdrew(_ recipient: PartyID, at time: Duration) {
        guard withdrawn.insert(recipient).inserted else { return }
        let open = entries.values.count { $0.isAccepted && !($0.copies[recipient]?.hasEnded ?? true) }
        for _ in 0..<open { settle(recipient, true, at: time) }
    }

    /// A worker was killed or restarted: the workers of its group continue from their last commits.
    package mutating func restarted(_ worker: Worker) { restarts[worker, default: 0] += 1 }

    // MARK: Result

    /// The totals at this time.
    package func balance(at time: Duration) -> Balance {
        var balance = Balance()
        balance.requests = requests
        for entry in entries.values {
            for (recipient, copy) in entry.copies {
                guard entry.isAccepted else {
                    if copy.arrivals > 0 { balance.uncertain += 1 }
                    continue
                }
                balance.accepted += 1
                switch (copy.arrivals > 0, copy.death) {
                case (true, _): balance.delivered += 1
                case (false, .dead): balance.dead += 1
                case (false, .expired): balance.expired += 1
                case (false, nil) where withdrawn.contains(recipient): balance.withheld += 1
                case (false, nil): balance.waiting += 1
                }
            }
        }
        balance.isConserved = balance.waiting == waiting
        balance.duplicates = duplicates
        let portions = restarts.values.reduce(1, +)
        balance.duplicatesAllowed = portions * (inFlight + pace.peak) + restarts[.matcher, default: 0] * mostWaiting
        balance.orderViolations = orderViolations
        balance.unexpectedCopies = unexpectedCopies
        balance.longestStall = stall.longest(until: time)
        balance.longestStalls = stalls.mapValues { $0.longest(until: time) }
        balance.notes = notes
        return balance
    }

    /// Descriptions of expected copies without an outcome, at most `limit`.
    package func missing(limit: Int) -> [String] {
        var missing: [String] = []
        for entry in entries.values.sorted(by: { $0.message.number < $1.message.number }) where entry.isAccepted {
            for recipient in entry.copies.keys.sorted() where entry.copies[recipient]?.hasEnded == false {
                guard missing.count < limit, !withdrawn.contains(recipient) else { continue }
                let message = entry.message
                missing.append("request \(message.number) (\(message.object), \(message.sequence)) for \(recipient)")
            }
        }
        return missing
    }

    private mutating func expect(_ recipient: PartyID, at time: Duration) {
        waiting += 1
        mostWaiting = max(mostWaiting, waiting)
        stall.begin(at: time)
        stalls[recipient, default: DeliveryStall()].begin(at: time)
    }

    private mutating func settle(_ recipient: PartyID, _ isExpected: Bool, at time: Duration) {
        if isExpected { waiting -= 1 }
        stall.move(isExpected, at: time)
        stalls[recipient, default: DeliveryStall()].move(isExpected, at: time)
    }

    /// A repeated copy may arrive after newer ones when a worker restarts; a first arrival must not.
    private mutating func checkOrder(_ entry: Entry, _ recipient: PartyID) {
        let message = entry.message
        let history = ObjectHistory(recipient: recipient, object: message.object)
        let last = newest[history] ?? .min
        newest[history] = max(last, message.sequence)
        guard message.sequence <= last else { return }
        orderViolations += 1
        let answer = entry.refusal.map { ", which was answered \($0)," } ?? ""
        note("\(recipient) got \(message.object) \(message.sequence)\(answer) for the first time after \(last)")
    }

    /// Checks that a copy always has the same id, and that no other copy has it.
    private mutating func check(_ id: String?, of number: Int, known: String?, _ recipient: PartyID) {
        guard let id else { return unexpected("\(recipient) got a copy of request \(number) without an id") }
        guard known == nil || known == id else { return unexpected("\(recipient) got two ids for the copy of request \(number)") }
        guard copyIDs.updateValue(number, forKey: id).map({ $0 == number }) ?? true else {
            return unexpected("\(recipient) got the id of another copy for request \(number)")
        }
    }

    private mutating func unexpected(_ text: String) {
        unexpectedCopies += 1
        note(text)
    }

    private mutating func note(_ text: String) {
        if notes.count < 20 { notes.append(text) }
    }
}
