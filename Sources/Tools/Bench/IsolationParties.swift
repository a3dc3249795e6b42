import OCPI
import Testbed

/// The parties of a run with their servers.
struct IsolationParties: Sendable {
    /// The platform of all senders.
    let sender: TestbedParty
    private let recipients: [TestbedParty]

    init(_ participants: IsolationParticipants, recorder: RoundRecorder, endpoint: HangingEndpoint) {
        sender = TestbedParty(
            participants.senders[0], others: Array(participants.senders.dropFirst()), role: "CPO", modules: [(.sessions, .sender)]
        ) { _, _, _ in
            TestbedParty.refusal(405, "not served")
        }
        recipients = participants.recipients.enumerated().map { index, id in
            let mayHang = index >= participants.firstHanging
            return TestbedParty(id, role: "EMSP", modules: [(.sessions, .receiver)]) { request, _, _ in
                let kind: RoundResults.Kind = request.header("OCN-Copy-ID") == nil ? .exchange : .push
                if mayHang, endpoint.leavesUnanswered(request.connection, at: index, kind) { return nil }
                if kind == .push, let number = request.header(OCPIHeader.correlationID).flatMap(Correlation.number) {
                    recorder.note { $0.arrived(number, at: index, time: $1) }
                }
                return Serving(body: Envelope.success())
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
                    try await party.register(adminURL: hub.adminURL, adminToken: hub.node.adminToken, caller: hub.caller)
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
