package import OCPI

/// The parties, interfaces and versions of a platform.
package struct PartyDescription: Sendable {
    /// A role of a party.
    package struct Role: Sendable, Hashable {
        /// For example `CPO`.
        package let role: String
        /// The party.
        package let id: PartyID
        /// Business name.
        package let name: String

        /// - Parameter name: the party's id by default.
        package init(_ role: String, _ id: PartyID, name: String? = nil) {
            self.role = role
            self.id = id
            self.name = name ?? id.description
        }
    }

    /// The role of its first party.
    package let first: Role
    /// Further roles.
    package let others: [Role]
    /// The interfaces that it advertises besides credentials.
    package let interfaces: [Interface]
    /// The versions that it advertises.
    package let versions: [OCPIVersion]
    /// The paths of its server.
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

    /// All roles.
    package var roles: [Role] { [first] + others }
    /// Its parties, each once.
    package var ids: [PartyID] { roles.map(\.id).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
