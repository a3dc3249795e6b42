import Directory
import Encoding
import Notary
import OCPI
import Testbed
import Topics

/// The parties: those named in inputs, and those of the control exchanges.
struct FuzzParticipants: Sendable {
    let sender: PartyID
    let receiver: PartyID
    let service: PartyID
    /// May lose its registration.
    let disposable: PartyID
    /// Gets oversized endpoints.
    let oversized: PartyID
    /// Is invited and never registers.
    let invited: PartyID
    /// Is in the registry and not connected.
    let absent: PartyID
    /// A party of another node.
    let remote: PartyID
    let controlSender: PartyID
    let controlReceiver: PartyID
    let controlService: PartyID
    /// The key of the other node, at whose URL no server listens.
    let remoteKey = SigningKey.generate()

    /// Never nil.
    init?() {
        let names = ["DE-FZC", "NL-FZM", "DE-FZS", "DE-FZG", "NL-FZO", "NL-FZN", "AT-FZA", "FR-REM", "DE-CTC", "NL-CTM", "DE-CTS"]
        let ids = names.compactMap { PartyID($0) }
        guard ids.count == 11 else { return nil }
        (sender, receiver, service, disposable, oversized, invited, absent, remote) = (
            ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6], ids[7]
        )
        (controlSender, controlReceiver, controlService) = (ids[8], ids[9], ids[10])
    }

    var services: [PartyID] { [service, controlService] }

    /// The parties with an outbox. They include parties that records turn into services, because not every Kafka lets a node create missing
    /// topics.
    var outboxes: [PartyID] { services + StateCases.parties.compactMap { PartyID($0) } }

    /// The registry entries: all parties, the services with all permissions, the agreements, and the other node.
    func registry(operatorAddress: String) -> [Fact] {
        let source = "state"
        func party(_ id: PartyID, _ role: String, at address: String) -> Fact {
            .party(NetworkParty(party: id, roles: [role], operatorAddress: address, source: source))
        }
        let cpos = [sender, disposable, controlSender, invited, absent]
        let emsps = [receiver, oversized, controlReceiver]
        let permissions = Permission.allCases.map(\.rawValue)
        let here =
            cpos.map { party($0, "CPO", at: operatorAddress) } + emsps.map { party($0, "EMSP", at: operatorAddress) }
            + services.map { party($0, "OTHER", at: operatorAddress) }
        let offers = services.map {
            Fact.service(NetworkService(provider: $0, name: $0.description, permissions: permissions, source: source))
        }
        let address = remoteKey.address.hex
        let more: [Fact] = [
            .agreement(Agreement(user: sender, provider: service, source: source)),
            .agreement(Agreement(user: controlSender, provider: controlService, source: source)),
            .node(NetworkNode(operatorAddress: address, url: "http://127.0.0.1:1", isVerbatim: true, source: source)),
            party(remote, "EMSP", at: address),
        ]
        return here + offers + more
    }
}
