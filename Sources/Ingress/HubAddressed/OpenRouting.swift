import Directory
import Encoding
import NIOCore
import OCPI

/// Finds out whom a request is for that names no receiver (OCPI 2.2.1, 4.1.5 Open Routing Request). Pure.
///
/// Only content that the module defines is used: the owner in the path where that is no party of the sender's platform, the token's owner in
/// `cdr_token`, and whose a session, location or token was when it passed through this node earlier. If that does not tell, but only one
/// party can be meant, it is that one. Otherwise what is meant for everybody is broadcast, and the rest is refused.
struct OpenRouting {
    /// Where the request goes.
    enum Decision: Equatable {
        case party(PartyID)
        case everybody
    }

    let method: Method
    let route: ModuleRoute
    let query: String?
    let from: PartyID
    let body: ByteBuffer?
    let directory: Directory
    /// Whose an object is by what was seen of it; nil for several.
    let seen: (ObjectName) -> PartyID?

    /// - Throws: 4001 if the receiver cannot be found out.
    func decide() throws(OCPIError) -> Decision {
        if let named = named, named != from { return .party(named) }
        if let party = whoseObject, party != from { return .party(party) }
        let candidates = candidates
        if candidates.count == 1, let only = candidates.first, !mayBeSomebodyElses { return .party(only) }
        if ModuleTable.hubUse(method, route).contains(.broadcast) { return .everybody }
        throw OCPIError(
            code: .unknownReceiver,
            message: candidates.isEmpty
                ? "No party here implements the \(route.interface.path) interface of \(route.module)"
                : "Several parties implement the \(route.interface.path) interface of \(route.module): name one in OCPI-to")
    }

    private var path: ObjectPath { ObjectPath(route.remainder) }

    /// The party that the request itself names.
    private var named: PartyID? {
        let hasTokenOwner = route.module == .cdrs || route.module == .sessions
        if hasTokenOwner, let body, let country = body.jsonString(["cdr_token", "country_code"]),
            let id = body.jsonString(["cdr_token", "party_id"])
        {
            return PartyID(country: country, party: id)
        }
        // What a platform writes for one of its parties in the name of another is for somebody else.
        return route.interface == .receiver ? path.owner.flatMap { siblings.contains($0) ? nil : $0 } : nil
    }

    /// The parties of the sender's platform, itself first.
    private var siblings: [PartyID] {
        guard let platform = directory.platform(of: from) else { return [from] }
        return [from] + platform.roles.map(\.party).filter { $0 != from && directory.serves(platform, $0) }
    }

    /// Whose the object is that the request is about; nil if that is not known, or not clear.
    private var whoseObject: PartyID? {
        if let object { return seen(object) }
        guard let session = sessionOfCustomer else { return nil }
        // Of a session without an owner in its path: of whichever party of the platform.
        let owners = route.interface == .receiver ? path.owner.map { [$0] } ?? [] : siblings
        let customers = owners.compactMap { ObjectName(.customer(of: $0), .sessions, session).flatMap(seen) }
        return Set(customers).count == 1 ? customers.first : nil
    }

    /// A session that is pushed without its token again, and its charging profile, are for the token's EMSP.
    private var sessionOfCustomer: CiString? {
        switch (route.module, route.interface) {
        case (.sessions, .receiver): path.object
        case (.chargingprofiles, .sender): path.ids.first
        default: nil
        }
    }

    /// The object whose owner is the receiver.
    private var object: ObjectName? {
        switch (route.module, route.interface) {
        case (.locations, .sender), (.sessions, .sender): path.ids.first.flatMap { ObjectName(.owner, route.module, $0) }
        case (.tokens, .sender): path.ids.first.flatMap { ObjectName(.owner, .tokens, $0, type: TokenType.named(in: query) ?? .rfid) }
        case (.chargingprofiles, .receiver): path.ids.first.flatMap { ObjectName(.owner, .sessions, $0) }
        case (.commands, .receiver):
            body?.jsonString(["session_id"]).flatMap { ObjectName(.owner, .sessions, CiString($0)) }
                ?? body?.jsonString(["location_id"]).flatMap { ObjectName(.owner, .locations, CiString($0)) }
        default: nil
        }
    }

    /// What is for one party only must not reach another: a party of the network that is not connected here could be meant as well.
    private var mayBeSomebodyElses: Bool {
        guard !ModuleTable.hubUse(method, route).contains(.broadcast), !method.isRead else { return false }
        return directory.listsParty(in: ModuleParties.roles(route.module, route.interface))
    }

    /// The parties connected here that could be meant: they implement the interface in a role that has it.
    private var candidates: [PartyID] {
        let roles = ModuleParties.roles(route.module, route.interface)
        return directory.platforms.filter { directory.endpoint(of: $0.id, route.module, route.interface) != nil }.flatMap { platform in
            ModuleParties.parties(of: platform, roles, in: directory)
        }.filter { $0 != from }
    }
}
