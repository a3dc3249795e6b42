package import OCPI

/// What a platform says of itself.
package struct PartyDescription: Sendable {
    /// A party with a role that it has.
    package struct Role: Sendable, Hashable {
        /// `CPO`, say.
        package let role: String
        /// The party.
        package let id: PartyID
        /// Business name.
        package let name: String

        /// - Parameter name: nil for the party's id.
        package init(_ role: String, _ id: PartyID, name: String? = nil) {
            self.role = role
            self.id = id
            self.name = name ?? id.description
        }
    }

    /// Its first party.
    package let first: Role
    /// The other ones.
    package let others: [Role]
    /// What it advertises besides credentials.
    package let interfaces: [Interface]
    /// Which versions it advertises.
    package let versions: [OCPIVersion]
    /// Where its server has them.
    package let paths: PartyPaths

    /// - Parameters: as the properties say.
    package init(
        _ first: Role, and others: [Role] = [], _ interfaces: [Interface], versions: [OCPIVersion] = [.v2_2_1],
        paths: PartyPaths = PartyPaths()
    ) {
        self.first = first
        self.others = others
        self.interfaces = interfaces
        self.versions = versions
        self.paths = paths
    }

    /// All of them.
    package var roles: [Role] { [first] + others }
    /// Its parties, each once.
    package var ids: [PartyID] { roles.map(\.id).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
