import Directory
import Encoding
import NIOCore
import OCPI
import Topics

/// The owners of objects that a request reveals, for open routing of later requests. The same for requests of platforms and of other nodes.
enum SeenObjects {
    /// - Parameters:
    ///   - hub: the hub's own party, the receiver of broadcasts.
    ///   - isOwn: whether the sender may write objects of that party.
    static func names(
        in request: RequestRecord, hub: PartyID, _ directory: Directory, isOwn: (PartyID) -> Bool
    ) -> [(ObjectName, PartyID)] {
        guard request.interface == .receiver, request.method == .put, request.target == nil else { return [] }
        let path = ObjectPath(request.path)
        guard path.ids.count == 3, let id = path.object, let owner = path.owner, isOwn(owner), mayOwn(owner, request.module, in: directory)
        else { return [] }
        switch request.module {
        case .locations: return named([(ObjectName(.owner, .locations, id), owner)])
        case .tokens:
            let type = TokenType.named(in: request.query) ?? TokenType.named(in: request.body) ?? .rfid
            return named([(ObjectName(.owner, .tokens, id, type: type), owner)])
        case .sessions:
            let customer = request.to == hub ? nil : ObjectName(.customer(of: owner), .sessions, id)
            return named([(ObjectName(.owner, .sessions, id), owner), (customer, request.to)])
        default: return []
        }
    }

    private static func named(_ entries: [(ObjectName?, PartyID)]) -> [(ObjectName, PartyID)] {
        entries.compactMap { entry in entry.0.map { ($0, entry.1) } }
    }

    /// A party without a role that has such objects must not be recorded as an owner.
    private static func mayOwn(_ party: PartyID, _ module: ModuleID, in directory: Directory) -> Bool {
        let roles = ModuleParties.roles(module, .sender)
        guard let platform = directory.platform(of: party) else {
            return directory.networkParty(party).map { !roles.isDisjoint(with: $0.roles) } ?? false
        }
        return ModuleParties.parties(of: platform, roles, in: directory).contains(party)
    }
}

/// The type of a token, which is part of its identity (OCPI 2.2.1, 12.2); RFID by default.
enum TokenType {
    /// The value of the parameter `type`; nil without it.
    static func named(in query: String?) -> CiString? {
        PercentText.pairs(query ?? "").first { $0.name == "type" && !$0.value.isEmpty }.map { CiString($0.value) }
    }

    /// The value in a Token object; nil for anything else.
    static func named(in body: ByteBuffer?) -> CiString? {
        body?.jsonString(["type"]).flatMap { $0.isEmpty ? nil : CiString($0) }
    }
}

extension CiString {
    /// The default token type.
    static let rfid: CiString = "RFID"
}
