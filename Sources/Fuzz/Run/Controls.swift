import Encoding
import NIOCore
import OCPI
import Synchronization
import TestParties

/// Exchanges of honest parties in between: one asks another, and a service gets a copy.
final class Controls: Sendable {
    /// How long an answer, and then a copy, may take.
    private static let answerLimit = Duration.seconds(10)
    private static let copyLimit = Duration.seconds(30)
    private let sender: TestParty
    private let receiver: PartyID
    private let caller: PartyCaller
    private let arrived: Arrivals
    private let state = Mutex((next: 0, done: 0))

    /// Ids of copies that arrived.
    final class Arrivals: Sendable {
        private let ids = Mutex<Set<String>>([])
        func insert(_ id: String) { ids.withLock { _ = $0.insert(id) } }
        func contains(_ id: String) -> Bool { ids.withLock { $0.contains(id) } }
    }

    init(sender: TestParty, receiver: PartyID, caller: PartyCaller, arrived: Arrivals) {
        self.sender = sender
        self.receiver = receiver
        self.caller = caller
        self.arrived = arrived
    }

    /// How many went well.
    var done: Int { state.withLock { $0.done } }

    /// One exchange and its copy.
    /// - Returns: what was wrong; nil if nothing was.
    func exchange() async -> String? {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let id = "control-\(number)"
        let body: JSONValue = [
            "country_code": .string(sender.id.country), "party_id": .string(sender.id.party), "id": .string(id), "kwh": .int(number),
            "auth_method": "WHITELIST", "currency": "EUR", "status": "ACTIVE", "last_updated": .string(Timestamp.now.description),
        ]
        let clock = ContinuousClock()
        let began = clock.now
        do {
            let path = "\(sender.id.country)/\(sender.id.party)/\(id)"
            let answer = try await caller.call(
                .put, URLJoin.join(try sender.endpoint(Interface(.sessions, .receiver)), path, query: nil),
                headers: sender.headers(to: receiver, requestID: id, correlationID: id), body: body.encoded(),
                within: Self.answerLimit)
            guard answer.status == 200, answer.code == 1000 else {
                return "a good request was answered \(answer.summary)"
            }
        } catch {
            return "a good request failed after \(clock.now - began): \(error)"
        }
        while !arrived.contains(id) {
            guard clock.now - began < Self.copyLimit else { return "the copy of a good request did not arrive within \(Self.copyLimit)" }
            // Nothing announces it.
            do { try await clock.sleep(for: .milliseconds(20)) } catch { return nil }
        }
        state.withLock { $0.done += 1 }
        return nil
    }
}
