/// The scenario's eight steps.
package enum Step: Int, Sendable, CaseIterable {
    case setting = 1, session, cdr, forwarding, billing, invoice, permission, durability

    /// The heading.
    package var title: String {
        switch self {
        case .setting: "Setting"
        case .session: "Session"
        case .cdr: "CDR"
        case .forwarding: "Forwarding"
        case .billing: "Billing"
        case .invoice: "Invoice"
        case .permission: "Proof of permission"
        case .durability: "Proof of durability"
        }
    }

    /// A description of the step.
    package var summary: String {
        switch self {
        case .setting: "the billing service asks for permission 8 (CDRs, receiver interface); CPO 1 agrees, CPO 2 does not"
        case .session: "the eMSP fetches locations from both CPOs, starts a session at CPO 1, follows it and stops it"
        case .cdr: "CPO 1 sends the CDR for the eMSP to its node"
        case .forwarding: "eMSP and billing service have the CDR; CPO 1 can GET it by the Location it was answered"
        case .billing: "the billing service computes the invoice from its copy of the CDR"
        case .invoice: "the billing service sends the invoice to the eMSP through the custom module `invoices`"
        case .permission: "CPO 2 sends a CDR too: the eMSP gets it, the billing service gets nothing"
        case .durability: "the billing service is down while CPO 1 sends three CDRs, and receives exactly those when it is back"
        }
    }
}
