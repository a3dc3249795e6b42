import NIOCore
import OCPI
import Synchronization
import Testbed

/// The five parties of a run. The ledger records what the services receive.
struct Parties: Sendable {
    let cpo: TestbedParty
    private let emsp: TestbedParty
    private let services: [TestbedParty]
    private let faultModels: [SharedFaultModel]

    /// A fault model shared by several event loops.
    private final class SharedFaultModel: Sendable {
        private let faults: Mutex<FaultModel>

        init(_ faults: FaultModel) { self.faults = Mutex(faults) }

        func react(to number: Int, at time: Duration) -> FaultModel.Reaction { faults.withLock { $0.react(to: number, at: time) } }
        func endFaults() { faults.withLock { $0.endFaults() } }
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
        var faultModels: [SharedFaultModel] = []
        for (number, (id, kind)) in kinds.enumerated() {
            let faults = SharedFaultModel(FaultModel(kind, seed: seed &+ UInt64(number)))
            faultModels.append(faults)
            services.append(
                TestbedParty(id, role: "OTHER", modules: receivers) { request, module, path in
                    Self.take(request, module, path, at: id, faults, sharedLedger)
                })
        }
        self.services = services
        self.faultModels = faultModels
    }

    private var all: [TestbedParty] { [cpo, emsp] + services }

    func start(adminURL: String, adminToken: String, caller: Caller) async throws {
        for party in all {
            try await party.start()
            try await party.register(adminURL: adminURL, adminToken: adminToken, caller: caller)
        }
    }

    /// Stops the faults of all services.
    func endFaults() {
        for faults in faultModels { faults.endFaults() }
    }

    func stop() async {
        for party in all { await party.stop() }
    }

    private static func take(
        _ request: Served, _ module: String, _ path: String, at id: PartyID, _ faults: SharedFaultModel, _ sharedLedger: SharedLedger
    ) -> Serving {
        let number = request.header(OCPIHeader.correlationID).flatMap(Correlation.number)
        switch faults.react(to: number ?? 0, at: sharedLedger.time) {
        case .fail: return TestbedParty.refusal(503, "not now")
        case .failInside: return Serving(body: Envelope.error(code: .serverError, message: "not now"))
        case .refuse: return TestbedParty.refusal(400, "never")
        case .take(let delay):
            let fingerprint = Dispatch.fingerprint(request.method, module, path, request.body)
            let copyID = request.header("OCN-Copy-ID")
            // The copy counts as received on arrival, whether or not the answer reaches the hub.
            sharedLedger.note { $0.arrived(number, id: copyID, fingerprint: fingerprint, at: id, time: $1) }
            return Serving(body: Envelope.success(), delay: delay)
        }
    }
}

/// The number of a request, carried by the request and all its copies in X-Correlation-ID.
enum Correlation {
    private static let prefix = "soak-"

    static func text(_ number: Int) -> String { prefix + String(number) }

    static func number(_ text: String) -> Int? { text.hasPrefix(prefix) ? Int(text.dropFirst(prefix.count)) : nil }
}
