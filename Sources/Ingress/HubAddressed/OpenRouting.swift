import Directory
import Encoding
import NIOCore
import OCPI

/// Determines the receiver of a request that names none (OCPI 2.2.1, 4.1.5 Open Routing Request). A pure function of the snapshot.
///
/// Only content that the module defines is used: the owner in the path if it is no party of the sender's platform, the owner of the token
/// in `cdr_token`, and the party that a session, location or token belonged to when it passed through this node earlier. Otherwise the
/// receiver is the only candidate, if there is just one. With several candidates a request that may be broadcast is broadcast, and any
/// other is refused.
struct OpenRouting {
    /// Where the request is sent.
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
    /// The party that an object was seen with; nil if it is unknown or there are several.
    let seen: (ObjectName) -> PartyID?

    /// - Throws: 4001 if the receiver cannot be determined.
    func decide() throws(OCPIError) -> Decision {
        if let named = named, named != from { return .party(named) }
        if let party = objectOwner, party != from { return .party(party) }
        let candidates = candidates
        if candidates.count == 1, let only = candidates.first, !mayBeForAnotherParty { return .party(only) }
        if ModuleTable.hubUse(method, route).contains(.broadcast) { return .everybody }
        throw OCPIError(
            code: .unknownReceiver,
            message: candidates.isEmpty
                ? "No party here implements the \(route.interface.path) interface of \(route.module)"
                : "Several parties implement the \(route.interface.path) interface of \(route.module): name one in OCPI-to")
    }

    private var path: ObjectPath { ObjectPath(route.remainder) }

    /// The receiver that the request itself names.
    private var named: PartyID? {
        let hasTokenOwner = route.module == .cdrs || route.module == .sessions
        if hasTokenOwner, let body, let country = body.jsonString(["cdr_token", "country_code"]),
            let id = body.jsonString(["cdr_token", "party_id"])
        {
            return PartyID(country: country, party: id)
        }
        // An object that is written for a party of the sender's own platform is meant for another receiver.
        return route.interface == .receiver ? path.owner.flatMap { siblings.contains($0) ? nil : $0 } : nil
    }

    /// The parties of the sender's platform, the sender first.
    private var siblings: [PartyID] {
        guard let platform = directory.platform(of: from) else { return [from] }
        return [from] + platform.roles.map(\.party).filter { $0 != from && directory.serves(platform, $0) }
    }

    /// The owner of the object that the request is about; nil if it is unknown or ambiguous.
    private var objectOwner: PartyID? {
        if let object { return seen(object) }
        guard let session = sessionID else { return nil }
        // A session without an owner in its path may belong to any party of the platform.
        let owners = route.interface == .receiver ? path.owner.map { [$0] } ?? [] : siblings
        let customers = owners.compactMap { ObjectName(.customer(of: $0), .sessions, session).flatMap(seen) }
        return Set(customers).count == 1 ? customers.first : nil
    }

    /// The session id of a push without token, or of a charging profile: both are for the EMSP of the token.
    private var sessionID: CiString? {
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

    /// Whether a party of the network that is not connected here could be the receiver as well. A request for a single receiver must not
    /// reach a wrong one.
    private var mayBeForAnotherParty: Bool {
        guard !ModuleTable.hubUse(method, route).contains(.broadcast), !method.isRead else { return false }
        return directory.listsParty(in: ModuleParties.roles(route.module, route.interface))
    }

    /// The parties connected here that could be the receiver: they implement the interface in a role that has it.
    private var candidates: [PartyID] {
        let roles = ModuleParties.roles(route.module, route.interface)
        return directory.platforms.filter { directory.endpoint(of: $0.id, route.module, route.interface) != nil }.flatMap { platform in
            ModuleParties.parties(of: platform, roles, in: directory)
        }.filter { $0 != from }
    }
}
