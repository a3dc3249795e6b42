import Encoding

/// How a request may be addressed through a hub, other than from party to party (OCPI 2.2.1, 4.1.5).
package struct HubUse: OptionSet, Sendable, Hashable {
    /// One bit per kind of use.
    package let rawValue: UInt8
    /// Any combination.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Addressed to the hub itself, which forwards it to all parties concerned (Broadcast Push).
    package static let broadcast = HubUse(rawValue: 1)
    /// Without a recipient, which the hub determines (Open Routing Request).
    package static let openRouting = HubUse(rawValue: 2)
    /// Addressed to the hub itself, which queries all parties concerned and merges their lists (GET All).
    package static let getAll = HubUse(rawValue: 4)
}
