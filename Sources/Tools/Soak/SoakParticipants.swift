import Directory
package import OCPI

/// Who takes part: a CPO that sends, an eMSP that it sends to, and three services that get copies.
package struct SoakParticipants: Sendable {
    /// Sends everything.
    package let cpo: PartyID
    /// Receives everything that is sent.
    package let emsp: PartyID
    /// A service that takes every copy at once.
    package let steady: PartyID
    /// A service that fails every second time, and never takes some copies at all.
    package let flapping: PartyID
    /// A service that hangs for a while now and then.
    package let hanging: PartyID

    /// The parties as they are always called; nil never.
    package static let usual: SoakParticipants? = {
        guard let cpo = PartyID("DE-CPO"), let emsp = PartyID("NL-MSP"), let steady = PartyID("DE-FIT"), let flapping = PartyID("DE-FLP"),
            let hanging = PartyID("DE-LAG")
        else { return nil }
        return SoakParticipants(cpo: cpo, emsp: emsp, steady: steady, flapping: flapping, hanging: hanging)
    }()

    /// Whom the CPO has agreements with.
    var services: [PartyID] { [steady, flapping, hanging] }

    /// Who is owed a copy of a request to this module's receiver interface.
    func recipients(of module: ModuleID) -> [PartyID] {
        services.filter { permissions(of: $0).contains { $0.matches(module: module, interface: .receiver) } }
    }

    /// The registry: the parties as the node's parties, the services, the agreements.
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

    /// Sessions and CDRs, receiver interface.
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
