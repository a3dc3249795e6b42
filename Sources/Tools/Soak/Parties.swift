import NIOCore
import OCPI
import Synchronization
import Testbed

/// The five parties of a run. What services take is written into the book as it arrives.
struct Parties: Sendable {
    let cpo: TestbedParty
    private let emsp: TestbedParty
    private let services: [TestbedParty]
    private let tempers: [TemperBox]

    /// A temper that several event loops ask.
    private final class TemperBox: Sendable {
        private let faults: Mutex<FaultModel>

        init(_ faults: FaultModel) { self.faults = Mutex(faults) }

        func react(to number: Int, at time: Duration) -> FaultModel.Reaction { faults.withLock { $0.react(to: number, at: time) } }
        func calmDown() { faults.withLock { $0.calmDown() } }
    }

    init(_ participants: SoakParticipants, sharedLedger: SharedLedger, seed: UInt64) {
        let receivers: [(module: ModuleID, role: InterfaceRole)] = [(.sessions, .receiver), (.cdrs, .receiver)]
        cpo = TestbedParty(participants.cpo, role: "CPO", modules: receivers.map { ($0.module, .sender) }) { _, _, _ in
            TestbedParty.refusal(405, "not served")
        }
        emsp = TestbedParty(participants.emsp, role: "EMSP", modules: receivers) { _, _, _ in Serving(body: Envelope.success()) }
        let kinds: [(PartyID, FaultModel.Kind)] = [
            (participants.steady, .steady), (participants.flapping, .flapping), (participants.hanging, .hanging),
        ]
        var services: [TestbedParty] = []
        var tempers: [TemperBox] = []
        for (number, (id, kind)) in kinds.enumerated() {
            let faults = TemperBox(FaultModel(kind, seed: seed &+ UInt64(number)))
            tempers.append(faults)
            services.append(
                TestbedParty(id, role: "OTHER", modules: receivers) { request, module, path in
                    Self.take(request, module, path, at: id, faults, sharedLedger)
                })
        }
        self.services = services
        self.tempers = tempers
    }

    private var all: [TestbedParty] { [cpo, emsp] + services }

    func start(adminURL: String, adminToken: String, caller: Caller) async throws {
        for party in all {
            try await party.start()
            try await party.register(adminURL: adminURL, adminToken: adminToken, caller: caller)
        }
    }

    /// From now on every service takes what it gets at once.
    func calmDown() {
        for faults in tempers { faults.calmDown() }
    }

    func stop() async {
        for party in all { await party.stop() }
    }

    private static func take(
        _ request: Served, _ module: String, _ path: String, at id: PartyID, _ faults: TemperBox, _ sharedLedger: SharedLedger
    ) -> Serving {
        let number = request.header(OCPIHeader.correlationID).flatMap(Correlation.number)
        switch faults.react(to: number ?? 0, at: sharedLedger.time) {
        case .fail: return TestbedParty.refusal(503, "not now")
        case .failInside: return Serving(body: Envelope.error(code: .serverError, message: "not now"))
        case .refuse: return TestbedParty.refusal(400, "never")
        case .take(let delay):
            let fingerprint = Dispatch.fingerprint(request.method, module, path, request.body)
            let copyID = request.header("OCN-Copy-ID")
            // Taken when it arrives: whether its answer gets back is another matter.
            sharedLedger.note { $0.arrived(number, id: copyID, fingerprint: fingerprint, at: id, time: $1) }
            return Serving(body: Envelope.success(), delay: delay)
        }
    }
}

/// The number of a request as it goes with the request and all its copies: in X-Correlation-ID.
enum Correlation {
    private static let prefix = "soak-"

    static func text(_ number: Int) -> String { prefix + String(number) }

    static func number(_ text: String) -> Int? { text.hasPrefix(prefix) ? Int(text.dropFirst(prefix.count)) : nil }
}
