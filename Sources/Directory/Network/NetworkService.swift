import Encoding
package import OCPI

/// A third-party service that asks for copies (OCN Service Interface).
package struct NetworkService: Sendable, Equatable {
    /// The party that offers it.
    package var provider: PartyID
    /// What people call it.
    package var name: String
    /// Where people read about it.
    package var url: String?
    /// Permission numbers it asks for; unknown ones are kept and match nothing.
    package var permissions: [Int]
    /// Push, or the service reads its topic.
    package var delivery: ServiceDelivery
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say.
    package init(
        provider: PartyID, name: String, url: String? = nil, permissions: [Int], delivery: ServiceDelivery = .push, source: String
    ) {
        self.provider = provider
        self.name = name
        self.url = url
        self.permissions = permissions
        self.delivery = delivery
        self.source = source
    }

    /// The first of its permissions that lets it see requests to this interface, or nil.
    package func permission(for module: ModuleID, _ interface: InterfaceRole) -> Permission? {
        for number in permissions {
            if let permission = Permission(rawValue: number), permission.matches(module: module, interface: interface) { return permission }
        }
        return nil
    }
}
