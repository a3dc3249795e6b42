import Directory
import Encoding
import NIOCore
import Notary
import OCPI
import TestParties
import Testbed
import Topics

/// The parties of a run with their servers. They accept every request.
struct FuzzParties: Sendable {
    let participants: FuzzParticipants
    let sender: TestParty
    let receiver: TestParty
    let disposable: TestParty
    let oversized: TestParty
    let controlSender: TestParty
    let arrived = Controls.Arrivals()
    private let others: [TestParty]

    private static let modules: [Interface] = {
        let both: [ModuleID] = [.cdrs, .sessions, .locations, .tariffs, .tokens, .commands, .chargingprofiles]
        let receivers = both + [.hubclientinfo, ModuleID(rawValue: "fuzz")]
        return both.map { Interface($0, .sender) } + receivers.map { Interface($0, .receiver) }
    }()

    init(_ participants: FuzzParticipants) {
        self.participants = participants
        func party(_ id: PartyID, _ role: String) -> TestParty {
            TestParty(PartyDescription(PartyDescription.Role(role, id), Self.modules)) { _ in .success(.array([])) }
        }
        sender = party(participants.sender, "CPO")
        receiver = party(participants.receiver, "EMSP")
        disposable = party(participants.disposable, "CPO")
        oversized = party(participants.oversized, "EMSP")
        controlSender = party(participants.controlSender, "CPO")
        let controlService = TestParty(
            PartyDescription(PartyDescription.Role("OTHER", participants.controlService), Self.modules)
        ) { [arrived] request in
            if request.interface?.module == .sessions, let id = request.body.jsonString(["id"]) { arrived.insert(id) }
            return .success()
        }
        others = [party(participants.service, "OTHER"), party(participants.controlReceiver, "EMSP"), controlService]
    }

    private var all: [TestParty] { [sender, receiver, disposable, oversized, controlSender] + others }

    func start(_ hub: Testbed.Running) async throws {
        for party in all {
            try await party.start()
            try await party.register(with: hub.hubOperator)
        }
    }

    func stop() async {
        for party in all { await party.stop() }
    }

    /// The data from which the inputs are made.
    func material(_ hub: Testbed.Running) async throws -> Material {
        let invitation = try await hub.hubOperator.invite([participants.invited], through: hub.caller)
        return Material(
            publicURL: hub.publicURLs[0], authorization: sender.authorization, disposable: disposable.authorization,
            invitation: invitation.tokenA.authorization(encoding: .base64), sender: participants.sender, receiver: participants.receiver,
            service: participants.service,
            remote: participants.remote, remoteKey: participants.remoteKey, absent: participants.absent, receiverURL: receiver.url,
            topics: hub.node.topics)
    }

    /// Registers a platform that advertises endpoints of 70 KB, which must be rejected with an OCPI envelope.
    /// - Returns: the fault; nil if there was none.
    func registerOversized(_ hub: Testbed.Running) async throws -> String? {
        let paths = PartyPaths(suffix: "/" + Oversized.text(70_000, of: "x"))
        let party = TestParty(PartyDescription(PartyDescription.Role("CPO", participants.invited), Self.modules, paths: paths))
        try await party.start()
        let fault: String?
        do {
            try await party.register(with: hub.hubOperator)
            fault = "a platform with endpoints of 70 KB was registered"
        } catch let refusal as HandshakeFailure {
            fault =
                refusal.description.contains("was not registered") && !refusal.description.contains("OCPI none") ? nil : refusal.description
        } catch {
            fault = "a platform with endpoints of 70 KB was not answered: \(error)"
        }
        await party.stop()
        return fault
    }
}
