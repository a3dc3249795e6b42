package import OCPI

/// What was promised and what came of it: every accepted request with the copies it gives rise to, every delivery at every recipient's
/// own server, every dead letter. A value without a clock or I/O; times are given, counted from any start.
///
/// It knows nothing of the hub but what its callers and recipients see, so that no mistake of the hub can hide in it.
package struct Ledger: Sendable {
    /// One request that is about to be sent.
    package struct Message: Sendable, Equatable {
        /// Counts the requests of a run; none twice.
        package let number: Int
        /// The ordering object that it changes.
        package let object: String
        /// Its place in the story of that object, rising.
        package let sequence: Int
        /// Who is owed a copy: the services that its sender has an agreement with and that ask for its module.
        package let recipients: [PartyID]
        /// A hash of method, path and body.
        package let fingerprint: Int

        /// - Parameters: as the properties say.
        package init(number: Int, object: String, sequence: Int, recipients: [PartyID], fingerprint: Int) {
            self.number = number
            self.object = object
            self.sequence = sequence
            self.recipients = recipients
            self.fingerprint = fingerprint
        }
    }

    /// Who starts again behind the last commit when a member of its group dies or comes back.
    package enum Worker: String, Sendable {
        /// Delivers again what was under way, and what was finished since the last commit.
        case push
        /// Writes the same copies again. One that catches up writes all that waits within a commit interval.
        case matcher
    }

    /// How a copy ends that is not delivered, as `ocn.dead` says.
    package enum Death: Sendable { case dead, expired }

    private struct Copy {
        var id: String?
        var arrivals = 0
        var death: Death?

        var hasEnded: Bool { arrivals > 0 || death != nil }
    }

    private struct Entry {
        let message: Message
        var isAccepted = false
        /// What its caller was told instead.
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
    private var disturbances: [Worker: Int] = [:]
    private var mostWaiting = 0
    private var requests = 0
    private var duplicates = 0
    private var orderViolations = 0
    private var unexpectedCopies = 0
    private var notes: [String] = []

    /// - Parameters:
    ///   - inFlight: most copies that all workers together have under way.
    ///   - commitInterval: how long what was finished may stay uncommitted.
    package init(inFlight: Int, commitInterval: Duration) {
        self.inFlight = inFlight
        pace = Pace(window: commitInterval)
    }

    /// Copies of accepted requests of which nothing is known yet.
    package private(set) var waiting = 0

    // MARK: What happened

    /// A request is about to be sent. Its copies may arrive before its answer does, or without one.
    package mutating func sends(_ message: Message) {
        let copies = Dictionary(message.recipients.map { ($0, Copy()) }) { first, _ in first }
        entries[message.number] = Entry(message: message, copies: copies)
    }

    /// Its caller saw success: from now on every copy is owed.
    package mutating func accepted(_ number: Int, at time: Duration) {
        guard var entry = entries.removeValue(forKey: number), !entry.isAccepted else { return }
        entry.isAccepted = true
        requests += 1
        for (recipient, copy) in entry.copies where !copy.hasEnded && !withdrawn.contains(recipient) { owe(recipient, at: time) }
        entries[number] = entry
    }

    /// Its caller saw another status of OCPI.
    package mutating func answered(_ number: Int, _ code: Int) { entries[number]?.refusal = code }

    /// Nothing of it has left its caller: a copy of it would be one of nothing.
    package mutating func refused(_ number: Int) {
        entries[number] = nil
    }

    /// A recipient has taken a copy.
    /// - Parameters:
    ///   - number: of the request that it names; nil if it names none.
    ///   - id: the copy's own id; nil if it has none.
    ///   - fingerprint: of method, path and body as they arrived.
    package mutating func arrived(_ number: Int?, id: String?, fingerprint: Int, at recipient: PartyID, time: Duration) {
        pace.note(time)
        guard let number, var entry = entries[number], var copy = entry.copies[recipient] else {
            return stranger("\(recipient) got a copy that it is not owed: request \(number.map(String.init) ?? "without a number")")
        }
        if fingerprint != entry.message.fingerprint { stranger("\(recipient) got a copy of request \(number) that was altered") }
        check(id, of: number, known: copy.id, recipient)
        copy.id = copy.id ?? id
        let isFirst = copy.arrivals == 0
        let isOwed = entry.isAccepted && !copy.hasEnded && !withdrawn.contains(recipient)
        copy.arrivals += 1
        entry.copies[recipient] = copy
        entries[number] = entry
        if isFirst {
            checkOrder(entry, recipient)
        } else {
            duplicates += 1
        }
        settle(recipient, isOwed, at: time)
    }

    /// A copy stands in `ocn.dead`. A second record about it changes nothing.
    package mutating func died(_ number: Int?, _ death: Death, for recipient: PartyID, at time: Duration) {
        guard let number, var entry = entries[number], var copy = entry.copies[recipient] else {
            return stranger(
                "ocn.dead has a copy for \(recipient) that nobody is owed: request \(number.map(String.init) ?? "without a number")")
        }
        let isOwed = entry.isAccepted && !copy.hasEnded && !withdrawn.contains(recipient)
        copy.death = copy.death ?? death
        entry.copies[recipient] = copy
        entries[number] = entry
        settle(recipient, isOwed, at: time)
    }

    /// Something stands where a copy or dead letter should, and cannot be read.
    package mutating func unreadable(_ what: String) { stranger("\(what) cannot be read") }

    /// The agreement with a recipient has ended: what is still waiting for it may be withheld.
    package mutating func withdrew(_ recipient: PartyID, at time: Duration) {
        guard withdrawn.insert(recipient).inserted else { return }
        let open = entries.values.count { $0.isAccepted && !($0.copies[recipient]?.hasEnded ?? true) }
        for _ in 0..<open { settle(recipient, true, at: time) }
    }

    /// A worker was killed, or has come back: those of its group start again behind their last commits.
    package mutating func disturbed(_ worker: Worker) { disturbances[worker, default: 0] += 1 }

    // MARK: What follows

    /// What can be said at this moment.
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
        let portions = disturbances.values.reduce(1, +)
        balance.duplicatesAllowed = portions * (inFlight + pace.peak) + disturbances[.matcher, default: 0] * mostWaiting
        balance.orderViolations = orderViolations
        balance.unexpectedCopies = unexpectedCopies
        balance.longestStall = stall.longest(until: time)
        balance.longestStalls = stalls.mapValues { $0.longest(until: time) }
        balance.notes = notes
        return balance
    }

    /// Copies that are owed and have not ended, each as text; at most `limit`.
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

    private mutating func owe(_ recipient: PartyID, at time: Duration) {
        waiting += 1
        mostWaiting = max(mostWaiting, waiting)
        stall.begin(at: time)
        stalls[recipient, default: DeliveryStall()].begin(at: time)
    }

    private mutating func settle(_ recipient: PartyID, _ isOwed: Bool, at time: Duration) {
        if isOwed { waiting -= 1 }
        stall.move(isOwed, at: time)
        stalls[recipient, default: DeliveryStall()].move(isOwed, at: time)
    }

    /// A repeat may come behind newer ones, when a worker starts again; what comes for the first time never may.
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

    /// The same copy always has the same id, and no other has it.
    private mutating func check(_ id: String?, of number: Int, known: String?, _ recipient: PartyID) {
        guard let id else { return stranger("\(recipient) got a copy of request \(number) without an id") }
        guard known == nil || known == id else { return stranger("\(recipient) got two ids for the copy of request \(number)") }
        guard copyIDs.updateValue(number, forKey: id).map({ $0 == number }) ?? true else {
            return stranger("\(recipient) got the id of another copy for request \(number)")
        }
    }

    private mutating func stranger(_ text: String) {
        unexpectedCopies += 1
        note(text)
    }

    private mutating func note(_ text: String) {
        if notes.count < 20 { notes.append(text) }
    }
}
