import OCPI
import TestParties
import Testbed

/// The parties of a run with their servers.
struct IsolationParties: Sendable {
    /// The platform of all senders.
    let sender: TestParty
    private let recipients: [TestParty]

    init(_ participants: IsolationParticipants, recorder: RoundRecorder, endpoint: HangingEndpoint) {
        let senders = participants.senders.map { PartyDescription.Role("CPO", $0) }
        sender = TestParty(PartyDescription(senders[0], and: Array(senders.dropFirst()), [Interface(.sessions, .sender)]))
        recipients = participants.recipients.enumerated().map { index, id in
            let mayHang = index >= participants.firstHanging
            return TestParty(PartyDescription(PartyDescription.Role("EMSP", id), [Interface(.sessions, .receiver)])) { request in
                let kind: RoundResults.Kind = request.header("OCN-Copy-ID") == nil ? .exchange : .push
                if mayHang, endpoint.leavesUnanswered(request.http.connection, at: index, kind) { return .silence }
                if kind == .push, let number = request.correlationID.flatMap(Correlation.number) {
                    recorder.note { $0.arrived(number, at: index, time: $1) }
                }
                return .success()
            }
        }
    }

    /// Starts the servers and registers all parties, some of them in parallel.
    func start(_ hub: Testbed.Running) async throws {
        var waiting = ([sender] + recipients)[...]
        try await withThrowingTaskGroup(of: Void.self) { group in
            func next() {
                guard let party = waiting.popFirst() else { return }
                group.addTask {
                    try await party.start()
                    try await party.register(with: hub.hubOperator)
                }
            }
            for _ in 0..<8 { next() }
            while try await group.next() != nil { next() }
        }
    }

    func stop() async {
        for party in [sender] + recipients { await party.stop() }
    }
}

/// The number of a request, carried by the request and its copy in X-Correlation-ID.
enum Correlation {
    private static let prefix = "bench-"

    static func text(_ number: Int) -> String { prefix + String(number) }

    static func number(_ text: String) -> Int? { text.hasPrefix(prefix) ? Int(text.dropFirst(prefix.count)) : nil }
}
