import Directory
import Encoding
import OCPI

/// The parties in the body of an invitation, and notes about them for the operator.
struct InvitedParties {
    private(set) var parties: [PartyID] = []
    /// Notes about possible mistakes that are not errors.
    private(set) var notes: [String] = []

    private static let members = ["country_code", "party_id"]
    static let example = #"[{"country_code":"DE","party_id":"CPO"}]"#

    /// - Parameters:
    ///   - nodeAddress: operator address of this node, lower case.
    ///   - hub: the hub's own party, which no platform may register.
    /// - Throws: if it is no list of parties, or if a party is already connected.
    init(_ list: JSONValue, nodeAddress: String, hub: PartyID, in directory: Directory) throws(AdminFault) {
        guard let list = list.array, !list.isEmpty else { throw AdminFault("the parties must be a list like \(Self.example)") }
        for (index, entry) in list.enumerated() {
            let place = "entry \(index + 1): "
            // Roles or names in an entry are accepted, because the invited party is still clear.
            let (known, others) = Self.split(entry)
            for name in others { notes.append("\(place)'\(ForeignText.shortened(name))' is not looked at") }
            let body = try AdminBody(known, members: Self.members, place: place)
            guard let country = try body.string("country_code"), let id = try body.string("party_id"),
                let party = PartyID(country: country, party: id)
            else { throw AdminFault("\(place)it needs a country_code of 2 and a party_id of 3 letters or digits") }
            guard party != hub else { throw AdminFault("\(party) is this hub itself") }
            guard directory.platform(of: party) == nil else { throw AdminFault("\(party) is already connected to this node") }
            guard !parties.contains(party) else {
                notes.append("\(party) stands in the list more than once")
                continue
            }
            parties.append(party)
            switch directory.networkParty(party)?.operatorAddress {
            case nodeAddress: break
            case nil:
                notes.append("\(party) is not in the registry: it can register once it is listed there under this node, \(nodeAddress)")
            case let other?:
                notes.append("the registry lists \(party) under another node, \(other): it can register once it is listed under this one")
            }
        }
    }

    private static func split(_ entry: JSONValue) -> (known: JSONValue, others: [String]) {
        guard let all = entry.members else { return (entry, []) }
        return (.object(all.filter { members.contains($0.name) }), all.map(\.name).filter { !members.contains($0) })
    }
}
