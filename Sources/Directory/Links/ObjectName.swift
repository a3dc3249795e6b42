import Encoding
import Kafka
package import OCPI
import Topics

/// An object whose party the hub has seen; open routing may use it (OCPI 2.2.1, 4.1.5 Open Routing Request).
package struct ObjectName: Hashable, Sendable {
    /// The relation of the party to the object.
    package enum Relation: Sendable {
        /// The party made the object: the CPO of a location or session, the EMSP of a token.
        case owner
        /// The object of another party is for this party: the EMSP of a session.
        case customer(of: PartyID)
    }

    let key: String
    /// The key under which earlier versions stored a token, without its type.
    private(set) var olderKey: String?

    /// Nil for an id that OCPI does not allow: empty or longer than 64 characters.
    /// - Parameter type: the token type; a token id is only unique within its type (OCPI 2.2.1, 12.2).
    package init?(_ relation: Relation, _ module: ModuleID, _ id: CiString, type: CiString = "RFID") {
        guard 1...64 ~= id.canonical.utf8.count, 1...64 ~= type.canonical.utf8.count else { return nil }
        let whose =
            switch relation {
            case .owner: "owner"
            case .customer(let owner): "customer|\(owner.canonical)"
            }
        let name = module == .tokens ? id.canonical + "|" + type.canonical : id.canonical
        // In lower case, so that records of earlier versions remain valid.
        let place = ObjectName.prefix + whose + "|" + module.rawValue + "|"
        key = place + name.lowercased()
        if module == .tokens, type.canonical == CiString("RFID").canonical { olderKey = place + id.canonical.lowercased() }
    }

    /// The beginning of such keys in `ocn.links`; no link's id contains a bar.
    static let prefix = "object|"
}
