import Encoding
import Kafka
package import OCPI
import Topics

/// An object whose party the hub has seen: what open routing may go by (OCPI 2.2.1, 4.1.5 Open Routing Request).
package struct ObjectName: Hashable, Sendable {
    /// How the party relates to the object.
    package enum Relation: Sendable {
        /// It made the object: the CPO of a location or session, the EMSP of a token.
        case owner
        /// The object, which that party made, is for it: the EMSP of a session.
        case customer(of: PartyID)
    }

    let key: String
    /// Where earlier versions kept a token, without its type.
    private(set) var olderKey: String?

    /// Nil for an id that OCPI does not allow: empty or longer than 64 characters.
    /// - Parameter type: of a token, whose id is one of its type only (OCPI 2.2.1, 12.2).
    package init?(_ relation: Relation, _ module: ModuleID, _ id: CiString, type: CiString = "RFID") {
        guard 1...64 ~= id.canonical.utf8.count, 1...64 ~= type.canonical.utf8.count else { return nil }
        let whose =
            switch relation {
            case .owner: "owner"
            case .customer(let owner): "customer|\(owner.canonical)"
            }
        let name = module == .tokens ? id.canonical + "|" + type.canonical : id.canonical
        // In lower case, so that what earlier versions wrote down counts on.
        let place = ObjectName.prefix + whose + "|" + module.rawValue + "|"
        key = place + name.lowercased()
        if module == .tokens, type.canonical == CiString("RFID").canonical { olderKey = place + id.canonical.lowercased() }
    }

    /// What the keys of such records in `ocn.links` begin with; no link's id contains a bar.
    static let prefix = "object|"
}
