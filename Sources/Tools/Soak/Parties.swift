import NIOCore
import OCPI
import Synchronization
import TestParties

/// The five parties of a run. The ledger records what the services receive.
struct Parties: Sendable {
    let cpo: TestParty
    private let emsp: TestParty
    private let services: [TestParty]
    private let faultModels: [SharedFaultModel]

    /// A fault model shared by several event loops.
    private final class SharedFaultModel: Sendable {
        private let faults: Mutex<FaultModel>

        init(_ faults: FaultModel) { self.faults = Mutex(faults) }

        func react(to number: Int, at time: Duration) -> FaultModel.Reaction { faults.withLock { $0.react(to: number, at: time) } }
        func endFaults() { faults.withLock { $0.endFaults() } }
    }

    init(_ participants: SoakParticipants, sharedLedger: SharedLedger, seed: UInt64) {
        let receivers = [Interface(.sessions, .receiver), Interface(.cdrs, .receiver)]
        let senders = receivers.map { Interface($0.module, .sender) }
        cpo = TestParty(PartyDescription(PartyDescription.Role("CPO", participants.cpo), senders))
        emsp = TestParty(PartyDescription(PartyDescription.Role("EMSP", participants.emsp), receivers)) { _ in .success() }
        let kinds: [(PartyID, FaultModel.Kind)] = [
            (participants.steady, .steady), (participants.flapping, .flapping), (participants.hanging, .hanging),
        ]
        var services: [TestParty] = []
        var faultModels: [SharedFaultModel] = []
        for (number, (id, kind)) in kinds.enumerated() {
            let faults = SharedFaultModel(FaultModel(kind, seed: seed &+ UInt64(number)))
            faultModels.append(faults)
            services.append(
                TestParty(PartyDescription(PartyDescription.Role("OTHER", id), receivers)) { request in
                    Self.take(request, at: id, faults, sharedLedger)
                })
        }
        self.services = services
        self.faultModels = faultModels
    }

    private var all: [TestParty] { [cpo, emsp] + services }

    func start(_ hubOperator: HubOperator) async throws {
        for party in all {
            try await party.start()
            try await party.register(with: hubOperator)
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
        _ request: PartyRequest, at id: PartyID, _ faults: SharedFaultModel, _ sharedLedger: SharedLedger
    ) -> ServerAnswer {
        let number = request.correlationID.flatMap(Correlation.number)
        switch faults.react(to: number ?? 0, at: sharedLedger.time) {
        case .fail: return .failure(2000, status: 503, "not now")
        case .failInside: return .failure(StatusCode.serverError.rawValue, "not now")
        case .refuse: return .failure(2000, status: 400, "never")
        case .take(let delay):
            let fingerprint = Dispatch.fingerprint(
                request.method.rawValue, request.interface?.module.rawValue ?? "", request.rest, request.body)
            let copyID = request.header("OCN-Copy-ID")
            // The copy counts as received on arrival, whether or not the answer reaches the hub.
            sharedLedger.note { $0.arrived(number, id: copyID, fingerprint: fingerprint, at: id, time: $1) }
            return delay > .zero ? .success().after(delay) : .success()
        }
    }
}

/// The number of a request, carried by the request and all its copies in X-Correlation-ID.
enum Correlation {
    private static let prefix = "soak-"

    static func text(_ number: Int) -> String { prefix + String(number) }

    static func number(_ text: String) -> Int? { text.hasPrefix(prefix) ? Int(text.dropFirst(prefix.count)) : nil }
}
