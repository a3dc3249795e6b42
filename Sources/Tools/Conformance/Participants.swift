package import OCPI
import TestParties

/// The parties of the tests. The hub must know all of them, except `unknown`, before the suite starts: a hub of this project by its
/// registry, as parties under its own node.
package struct Participants: Sendable {
    /// A CPO.
    package var cpo: PartyID
    /// A CPO on another platform.
    package var otherCPO: PartyID
    /// An eMSP.
    package var emsp: PartyID
    /// An eMSP on another platform; it has no tariffs module, and its URLs end in a slash.
    package var otherEMSP: PartyID
    /// CPO and eMSP on one platform …
    package var both: PartyID
    /// … with this second eMSP.
    package var sibling: PartyID
    /// A party that registers and leaves within one check.
    package var spare: PartyID
    /// A party in the registry that never registers.
    package var absent: PartyID
    /// A party that is not in the registry.
    package var unknown: PartyID

    /// The default parties: DE-CPA, DE-CPB, DE-MSA, DE-MSB, DE-MUL, DE-MUM, DE-NEW, DE-OFF; ZZ-ZZZ.
    package static let usual: Participants? = {
        guard let cpo = PartyID("DE-CPA"), let otherCPO = PartyID("DE-CPB"), let emsp = PartyID("DE-MSA"),
            let otherEMSP = PartyID("DE-MSB"), let both = PartyID("DE-MUL"), let sibling = PartyID("DE-MUM"),
            let spare = PartyID("DE-NEW"), let absent = PartyID("DE-OFF"), let unknown = PartyID("ZZ-ZZZ")
        else { return nil }
        return Participants(
            cpo: cpo, otherCPO: otherCPO, emsp: emsp, otherEMSP: otherEMSP, both: both, sibling: sibling, spare: spare, absent: absent,
            unknown: unknown)
    }()

    /// The parties that the hub must know.
    package var listed: [PartyID] { [cpo, otherCPO, emsp, otherEMSP, both, sibling, spare, absent] }

    static let cpoInterfaces = [
        Interface(.locations, .sender), Interface(.sessions, .sender), Interface(.cdrs, .sender), Interface(.tariffs, .sender),
        Interface(.tokens, .receiver), Interface(.commands, .receiver), Interface(.chargingprofiles, .receiver),
        Interface(.hubclientinfo, .receiver),
    ]

    static let emspInterfaces = [
        Interface(.locations, .receiver), Interface(.sessions, .receiver), Interface(.cdrs, .receiver), Interface(.tariffs, .receiver),
        Interface(.tokens, .sender), Interface(.commands, .sender), Interface(.chargingprofiles, .sender),
        Interface(.hubclientinfo, .receiver),
    ]
}
