import Directory
import NIOCore
import OCPI
import Wire

/// Finds out whom a request is for that names no receiver (OCPI 2.2.1, 4.1.5 Open Routing Request). Pure.
///
/// Only content that the module defines is used: the owner in the path where that is not the sender itself, the token's owner in
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
    let from: PartyID
    let body: ByteBuffer?
    let directory: Directory
    /// Whose an object is by what was seen of it; nil for several.
    let seen: (ObjectName) -> PartyID?

    /// - Throws: 4001 if the receiver cannot be found out.
    func decide() throws(OCPIError) -> Decision {
        if let named = named, named != from { return .party(named) }
        if let object = object, let party = seen(object), party != from { return .party(party) }
        let candidates = candidates
        if candidates.count == 1, let only = candidates.first, !mayBeSomebodyElses { return .party(only) }
        if ModuleTable.hubUse(method, route).contains(.broadcast) { return .everybody }
        throw OCPIError(
            code: .unknownReceiver,
            message: candidates.isEmpty
                ? "No party here implements the \(route.interface.path) interface of \(route.module)"
                : "Several parties implement the \(route.interface.path) interface of \(route.module): name one in OCPI-to")
    }

    private var segments: [Substring] { route.remainder.split(separator: "/") }

    /// The party that the request itself names.
    private var named: PartyID? {
        if let body, let country = body.jsonString(["cdr_token", "country_code"]), let id = body.jsonString(["cdr_token", "party_id"]) {
            return PartyID(country: country, party: id)
        }
        guard route.interface == .receiver, segments.count >= 3 else { return nil }
        return PartyID(country: segments[0], party: segments[1])
    }

    /// The object whose party is the receiver.
    private var object: ObjectName? {
        switch (route.module, route.interface) {
        case (.locations, .sender), (.sessions, .sender), (.tokens, .sender): segments.first.flatMap { name(.owner, $0) }
        // A session that is pushed without its token again, and its charging profile, are for the token's EMSP.
        case (.sessions, .receiver): segments.count == 3 ? name(.customer(of: from), segments[2]) : nil
        case (.chargingprofiles, .sender): segments.first.flatMap { ObjectName(.customer(of: from), .sessions, String($0)) }
        case (.chargingprofiles, .receiver): segments.first.flatMap { ObjectName(.owner, .sessions, String($0)) }
        case (.commands, .receiver):
            body?.jsonString(["session_id"]).flatMap { ObjectName(.owner, .sessions, $0) }
                ?? body?.jsonString(["location_id"]).flatMap { ObjectName(.owner, .locations, $0) }
        default: nil
        }
    }

    private func name(_ relation: ObjectName.Relation, _ id: Substring) -> ObjectName? { ObjectName(relation, route.module, String(id)) }

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

/// What this request tells about whose an object is, for open routing later.
enum SeenObjects {
    /// - Parameter to: the party it goes to; nil for everybody.
    static func names(_ method: Method, _ route: ModuleRoute, from: PartyID, to: PartyID?) -> [(ObjectName, PartyID)] {
        guard route.interface == .receiver, method == .put, !route.isCustom else { return [] }
        let segments = route.remainder.split(separator: "/")
        guard segments.count == 3, let owner = PartyID(country: segments[0], party: segments[1]), owner == from else { return [] }
        let id = String(segments[2])
        switch route.module {
        case .locations, .tokens: return ObjectName(.owner, route.module, id).map { [($0, from)] } ?? []
        case .sessions:
            let customer = to.flatMap { to in ObjectName(.customer(of: from), .sessions, id).map { ($0, to) } }
            return [ObjectName(.owner, .sessions, id).map { ($0, from) }, customer].compactMap(\.self)
        default: return []
        }
    }
}

/// Which parties implement which interface (OCPI 2.2.1, 2.1 Typical implementations).
enum ModuleParties {
    /// The roles that have an interface; a platform of several parties has one endpoint for all of them.
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
