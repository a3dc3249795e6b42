import Encoding
package import OCPI

/// A node of the Open Charging Network, as the registry lists it.
package struct NetworkNode: Sendable, Equatable {
    /// Ethereum address of its operator, lower case with 0x.
    package var operatorAddress: String
    /// Public base URL.
    package var url: String
    /// How to talk to it: `ocn-1`.
    package var dialect: String
    /// It verifies the bytes it received, as this program does, so bodies go to it untouched. The reference node instead verifies its
    /// own serialisation of what it parsed: bodies to it are written the way it would write them.
    package var isVerbatim: Bool
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say; the address is lower-cased.
    package init(operatorAddress: String, url: String, dialect: String = "ocn-1", isVerbatim: Bool = false, source: String) {
        self.operatorAddress = operatorAddress.lowercased()
        self.url = url
        self.dialect = dialect
        self.isVerbatim = isVerbatim
        self.source = source
    }
}

/// A party of the network, as the registry lists it.
package struct NetworkParty: Sendable, Equatable {
    /// Country code and party id.
    package var party: PartyID
    /// `CPO`, `EMSP`, …
    package var roles: [String]
    /// Its own Ethereum address, if known.
    package var partyAddress: String?
    /// Address of the operator whose node it is connected to.
    package var operatorAddress: String
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say; addresses are lower-cased.
    package init(party: PartyID, roles: [String], partyAddress: String? = nil, operatorAddress: String, source: String) {
        self.party = party
        self.roles = roles
        self.partyAddress = partyAddress?.lowercased()
        self.operatorAddress = operatorAddress.lowercased()
        self.source = source
    }

    /// Whether a role is one of OCPI's, or one that the registry lists for this party.
    /// - Parameter role: in upper case.
    package func mayHave(role: String) -> Bool {
        PartyRole(rawValue: role) != nil || roles.contains { $0.uppercased() == role }
    }
}

/// How a service gets its copies.
package enum ServiceDelivery: String, Sendable, CaseIterable {
    /// Over HTTP, by PUSH.
    case push
    /// It reads its outbox itself.
    case topic
}

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

/// "This user's requests may be copied to this provider's service", in force while the record exists.
package struct Agreement: Sendable, Equatable {
    /// The party whose requests are copied.
    package var user: PartyID
    /// The party that offers the service.
    package var provider: PartyID
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say.
    package init(user: PartyID, provider: PartyID, source: String) {
        self.user = user
        self.provider = provider
        self.source = source
    }
}

/// "This process leads": acts only while its claim is the newest.
package struct LeaderClaim: Sendable, Equatable {
    /// The process's name.
    package var instance: String
    /// Random per claim.
    package var claim: String

    /// - Parameters: as the properties say.
    package init(instance: String, claim: String) {
        self.instance = instance
        self.claim = claim
    }
}
