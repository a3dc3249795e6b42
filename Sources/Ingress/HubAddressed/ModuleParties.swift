import Directory
import Encoding
import OCPI

/// The parties that implement an interface, by their roles (OCPI 2.2.1, 2.1 Typical implementations).
enum ModuleParties {
    /// The roles that implement an interface. A platform of several parties has one endpoint for all of them.
    static func roles(_ module: ModuleID, _ interface: InterfaceRole) -> Set<String> {
        let isOperators = interface == (module == .tokens || module == .commands || module == .chargingprofiles ? .receiver : .sender)
        return isOperators ? ["CPO", "OTHER"] : ["EMSP", "NSP", "NAP", "SCSP", "OTHER"]
    }

    /// The parties of a platform that have one of the roles and are served by it, each once.
    static func parties(of platform: Platform, _ roles: Set<String>, in directory: Directory) -> [PartyID] {
        guard platform.isRegistered else { return [] }
        var parties: [PartyID] = []
        for role in platform.roles
        where roles.contains(role.role) && !parties.contains(role.party) && directory.serves(platform, role.party) {
            parties.append(role.party)
        }
        return parties
    }
}
