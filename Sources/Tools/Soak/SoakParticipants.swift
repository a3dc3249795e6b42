import Directory
package import OCPI

/// The parties of a run: a CPO that sends, an eMSP that it sends to, and three services that get copies.
package struct SoakParticipants: Sendable {
    /// Sends all requests.
    package let cpo: PartyID
    /// Receives all requests.
    package let emsp: PartyID
    /// A service that accepts every copy at once.
    package let steady: PartyID
    /// A service that fails every second time, and rejects some copies for good.
    package let flapping: PartyID
    /// A service that sometimes does not answer for a while.
    package let hanging: PartyID

    /// The default parties; never nil.
    package static let usual: SoakParticipants? = {
        guard let cpo = PartyID("DE-CPO"), let emsp = PartyID("NL-MSP"), let steady = PartyID("DE-FIT"), let flapping = PartyID("DE-FLP"),
            let hanging = PartyID("DE-LAG")
        else { return nil }
        return SoakParticipants(cpo: cpo, emsp: emsp, steady: steady, flapping: flapping, hanging: hanging)
    }()

    /// The services that the CPO has agreements with.
    var services: [PartyID] { [steady, flapping, hanging] }

    /// The expected recipients of copies of a request to this module's receiver interface.
    func recipients(of module: ModuleID) -> [PartyID] {
        services.filter { permissions(of: $0).contains { $0.matches(module: module, interface: .receiver) } }
    }

    /// The registry entries: the parties under this node, the services, the agreements.
    func registry(operatorAddress: String) -> [Fact] {
        let source = "state"
        func party(_ id: PartyID, _ role: String) -> Fact {
            .party(NetworkParty(party: id, roles: [role], operatorAddress: operatorAddress, source: source))
        }
        let parties = [party(cpo, "CPO"), party(emsp, "EMSP")] + services.map { party($0, "OTHER") }
        let published = services.map {
            Fact.service(
                NetworkService(provider: $0, name: $0.description, permissions: permissions(of: $0).map(\.rawValue), source: source))
        }
        let agreements = services.map { Fact.agreement(Agreement(user: cpo, provider: $0, source: source)) }
        return parties + published + agreements
    }

    /// The receiver interfaces of sessions and CDRs.
    private func permissions(of service: PartyID) -> [Permission] {
        let numbers =
            switch service {
            case flapping: [8]
            case hanging: [6]
            default: [6, 8]
            }
        return numbers.compactMap(Permission.init(rawValue:))
    }
}
