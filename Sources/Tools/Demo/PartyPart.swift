import OCPI

/// What a mock party does in the story.
package enum PartyPart: String, Sendable {
    /// Runs chargers: serves locations and tariffs, takes commands.
    case cpo = "CPO"
    /// Has the drivers: takes sessions, CDRs, command results and invoices.
    case emsp = "EMSP"
    /// The third-party service that gets copies: takes CDRs and writes invoices.
    case billing = "OTHER"

    /// The part in words.
    package var title: String {
        switch self {
        case .cpo: "CPO"
        case .emsp: "eMSP"
        case .billing: "billing service"
        }
    }
}
