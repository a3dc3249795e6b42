import Encoding
import HashTreeCollections
package import OCPI

/// A third-party service that asks for copies (OCN Service Interface).
package struct NetworkService: Sendable, Equatable {
    /// The party that offers it.
    package var provider: PartyID
    /// Its display name.
    package var name: String
    /// Its web page.
    package var url: String?
    /// Permission numbers it asks for; unknown ones are kept and match nothing.
    package var permissions: [Int]
    /// How copies reach the service.
    package var delivery: ServiceDelivery
    /// The registry source that lists it.
    package var source: String

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

/// How a service gets its copies.
package enum ServiceDelivery: String, Sendable, CaseIterable {
    /// Over HTTP, by PUSH.
    case push
    /// The service reads its outbox topic itself.
    case topic
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a party's service.
    package static func service(_ provider: PartyID) -> String { "\(NetworkService.kind)/\(provider.canonical)" }
}

extension Fact {
    /// A service that asks for copies.
    package static func service(_ service: NetworkService) -> Fact { Fact(service) }
}

extension NetworkService: TableFact {
    static let kind = "service"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<PartyID, Self>> { \.network.servicesByProvider }
    var indexKey: PartyID { provider }
    var key: String { FactKey.service(provider) }

    var json: JSONValue {
        .object([
            "provider": .string(provider.description), "name": .string(name), "url": url.map(JSONValue.string),
            "permissions": .array(permissions.map { .number(String($0)) }), "delivery": .string(delivery.rawValue),
            "source": .string(source),
        ])
    }

    init?(json: JSONValue) {
        guard let provider = json.party("provider"), let permissions = json["permissions"]?.array else { return nil }
        self.init(
            provider: provider, name: json["name"]?.string ?? "", url: json["url"]?.string, permissions: permissions.compactMap(\.int),
            delivery: json["delivery"]?.string.flatMap(ServiceDelivery.init(rawValue:)) ?? .push, source: json["source"]?.string ?? "")
    }
}
