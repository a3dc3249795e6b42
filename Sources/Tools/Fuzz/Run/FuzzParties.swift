import Directory
import Encoding
import NIOCore
import Notary
import OCPI
import Testbed
import Topics

/// The parties of a run with their servers. They accept every request.
struct FuzzParties: Sendable {
    let participants: FuzzParticipants
    let sender: TestbedParty
    let receiver: TestbedParty
    let disposable: TestbedParty
    let oversized: TestbedParty
    let controlSender: TestbedParty
    let arrived = Controls.Arrivals()
    private let others: [TestbedParty]

    private static let modules: [(module: ModuleID, role: InterfaceRole)] = {
        let both: [ModuleID] = [.cdrs, .sessions, .locations, .tariffs, .tokens, .commands, .chargingprofiles]
        let receivers = both + [.hubclientinfo, ModuleID(rawValue: "fuzz")]
        return both.map { ($0, .sender) } + receivers.map { ($0, .receiver) }
    }()

    init(_ participants: FuzzParticipants) {
        self.participants = participants
        func party(_ id: PartyID, _ role: String) -> TestbedParty {
            TestbedParty(id, role: role, modules: Self.modules) { _, _, _ in Serving(body: Envelope.success(data: .array([]))) }
        }
        sender = party(participants.sender, "CPO")
        receiver = party(participants.receiver, "EMSP")
        disposable = party(participants.disposable, "CPO")
        oversized = party(participants.oversized, "EMSP")
        controlSender = party(participants.controlSender, "CPO")
        let controlService = TestbedParty(participants.controlService, role: "OTHER", modules: Self.modules) {
            [arrived] request, module, _ in
            if module == ModuleID.sessions.rawValue, let id = request.body.jsonString(["id"]) { arrived.insert(id) }
            return Serving(body: Envelope.success())
        }
        others = [party(participants.service, "OTHER"), party(participants.controlReceiver, "EMSP"), controlService]
    }

    private var all: [TestbedParty] { [sender, receiver, disposable, oversized, controlSender] + others }

    func start(_ hub: Testbed.Running) async throws {
        for party in all {
            try await party.start()
            try await party.register(adminURL: hub.adminURL, adminToken: hub.node.adminToken, caller: hub.caller)
        }
    }

    func stop() async {
        for party in all { await party.stop() }
    }

    /// The data from which the inputs are made.
    func material(_ hub: Testbed.Running) async throws -> Material {
        let body: JSONValue = [["party_id": .string(participants.invited.party), "country_code": .string(participants.invited.country)]]
        let invitation = try await hub.caller.call(
            "POST", "\(hub.adminURL)/admin/generate-registration-token",
            headers: [(OCPIHeader.authorization, "Token \(hub.node.adminToken)")], body: body.encoded())
        guard invitation.status == 200, let tokenA = invitation.body.jsonString(["token"]) else {
            throw TestbedFailure("\(participants.invited) was not invited: HTTP \(invitation.status)")
        }
        return Material(
            publicURL: hub.publicURLs[0], authorization: sender.authorization, disposable: disposable.authorization,
            invitation: Token(tokenA).authorization(encoding: .base64), sender: participants.sender, receiver: participants.receiver,
            service: participants.service,
            remote: participants.remote, remoteKey: participants.remoteKey, absent: participants.absent, receiverURL: receiver.url,
            topics: hub.node.topics)
    }

    /// Registers a platform that advertises endpoints of 70 KB, which must be rejected with an OCPI envelope.
    /// - Returns: the fault; nil if there was none.
    func registerOversized(_ hub: Testbed.Running) async throws -> String? {
        let party = TestbedParty(
            participants.invited, role: "CPO", modules: Self.modules, endpointSuffix: "/" + Oversized.text(70_000, of: "x")
        ) { _, _, _ in nil }
        try await party.start()
        let fault: String?
        do {
            try await party.register(adminURL: hub.adminURL, adminToken: hub.node.adminToken, caller: hub.caller)
            fault = "a platform with endpoints of 70 KB was registered"
        } catch let refusal as TestbedFailure {
            fault =
                refusal.description.contains("was not registered") && !refusal.description.contains("OCPI -") ? nil : refusal.description
        } catch {
            fault = "a platform with endpoints of 70 KB was not answered: \(error)"
        }
        await party.stop()
        return fault
    }
}
