import Encoding

/// Besides from party to party: how a request may be addressed through a hub (OCPI 2.2.1, 4.1.5).
package struct HubUse: OptionSet, Sendable, Hashable {
    /// One bit per way.
    package let rawValue: UInt8
    /// Any ways.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// To the hub itself, which passes it on to everybody concerned (Broadcast Push).
    package static let broadcast = HubUse(rawValue: 1)
    /// To nobody: the hub finds out to whom (Open Routing Request).
    package static let openRouting = HubUse(rawValue: 2)
    /// To the hub itself, which asks everybody concerned for one list (GET All).
    package static let getAll = HubUse(rawValue: 4)
}
