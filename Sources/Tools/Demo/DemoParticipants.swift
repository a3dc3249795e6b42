import OCPI

/// The four parties of the scenario: `cpo1` and `billing` on node 1, `cpo2` and `emsp` on node 2.
struct DemoParticipants: Sendable {
    let cpo1: DemoParty
    let cpo2: DemoParty
    let emsp: DemoParty
    let billing: DemoParty

    init() throws {
        func party(_ id: String, _ name: String, _ part: PartyPart) throws -> DemoParty {
            guard let id = PartyID(id) else { throw DemoFailure(step: 0, reason: "\(id) is no party id") }
            return DemoParty(PartyProfile(id: id, name: name, part: part))
        }
        cpo1 = try party("DE-ONE", "Stromladen", .cpo)
        cpo2 = try party("NL-TWO", "Laadpunt", .cpo)
        emsp = try party("FR-MSP", "RouleVolt", .emsp)
        billing = try party("DE-BIL", "Abrechnung", .billing)
    }

    /// All parties, each with the index of its node.
    var all: [(party: DemoParty, node: Int)] { [(cpo1, 0), (billing, 0), (cpo2, 1), (emsp, 1)] }

    func nodeIndex(of party: DemoParty) -> Int { party.profile.part == .emsp || party.profile.id == cpo2.profile.id ? 1 : 0 }
}
