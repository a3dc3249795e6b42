/// The role of a party on the network (OCPI 2.2.1, 16.5 Role).
package enum PartyRole: String, Sendable, CaseIterable {
    /// Charge point operator.
    case cpo = "CPO"
    /// E-mobility service provider.
    case emsp = "EMSP"
    /// A hub.
    case hub = "HUB"
    /// National access point: the national database of charge points.
    case nap = "NAP"
    /// Navigation service provider.
    case nsp = "NSP"
    /// Any other role, for instance a billing service.
    case other = "OTHER"
    /// Smart charging service provider.
    case scsp = "SCSP"

    /// All names, in the spelling of OCPI.
    package static let names = allCases.map(\.rawValue)
}
