import OCPI

/// The role of a party in the scenario.
package enum PartyPart: String, Sendable {
    /// Operates chargers: serves locations and tariffs, accepts commands.
    case cpo = "CPO"
    /// Has the drivers: accepts sessions, CDRs, command results and invoices.
    case emsp = "EMSP"
    /// The third-party service that gets copies: accepts CDRs and sends invoices.
    case billing = "OTHER"

    /// The role as text.
    package var title: String {
        switch self {
        case .cpo: "CPO"
        case .emsp: "eMSP"
        case .billing: "billing service"
        }
    }
}
