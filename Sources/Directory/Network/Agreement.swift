import Encoding
package import OCPI

/// "This user's requests may be copied to this provider's service", in force while the record exists.
package struct Agreement: Sendable, Equatable {
    /// The party whose requests are copied.
    package var user: PartyID
    /// The party that offers the service.
    package var provider: PartyID
    /// The registry source that lists it.
    package var source: String

    package init(user: PartyID, provider: PartyID, source: String) {
        self.user = user
        self.provider = provider
        self.source = source
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a user's agreement with a provider.
    package static func agreement(user: PartyID, provider: PartyID) -> String {
        "\(Agreement.kind)/\(user.canonical)/\(provider.canonical)"
    }
}

extension Fact {
    /// An agreement in force.
    package static func agreement(_ agreement: Agreement) -> Fact { Fact(agreement) }
}

extension Agreement: StateFact {
    static let kind = "agreement"
    var key: String { FactKey.agreement(user: user, provider: provider) }

    var json: JSONValue {
        ["user": .string(user.description), "provider": .string(provider.description), "source": .string(source)]
    }

    init?(json: JSONValue) {
        guard let user = json.party("user"), let provider = json.party("provider") else { return nil }
        self.init(user: user, provider: provider, source: json["source"]?.string ?? "")
    }

    func add(to state: inout DirectoryState) { state.network.add(self) }
    func remove(from state: inout DirectoryState) { state.network.remove(self) }
}
