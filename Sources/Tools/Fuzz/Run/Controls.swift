import Encoding
import NIOCore
import OCPI
import Synchronization
import TestParties

/// Control exchanges between inputs: a well-behaved party sends a request to another one, and a service gets a copy.
final class Controls: Sendable {
    /// Timeout of an answer, and then of a copy.
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

    /// Number of successful exchanges.
    var done: Int { state.withLock { $0.done } }

    /// Makes one exchange and waits for its copy.
    /// - Returns: the fault; nil if there was none.
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
            // There is no event for this, so it is polled.
            do { try await clock.sleep(for: .milliseconds(20)) } catch { return nil }
        }
        state.withLock { $0.done += 1 }
        return nil
    }
}
