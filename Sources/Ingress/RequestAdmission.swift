import Directory
import Encoding
import OCPI

/// Decides from a request's head alone whether the node forwards it. Pure: asks nobody but the snapshot.
///
/// Order of checks: route and method, token, message ids, `OCPI-from-*`, `OCPI-to-*`, receiver. The token comes before the ids, so that
/// nobody without one learns more than that.
struct RequestAdmission: Sendable {
    /// The hub's own party.
    let hub: PartyID
    /// Operator address of this node, lower case.
    let nodeAddress: String

    /// Who is calling.
    struct Caller: Sendable {
        let platform: Platform
        let use: Directory.TokenUse
        /// The reading of the header that was right.
        let token: Token
    }

    /// To whom a request is addressed.
    enum Receiver: Sendable, Equatable {
        /// One party.
        case party(PartyID)
        /// The hub itself, which passes it on to everybody concerned.
        case everybody
        /// The hub itself, which asks everybody concerned for one list.
        case listOfAll
        /// Nobody: the hub finds out, or the URL says it, whether or not the hub is named besides.
        case open
    }

    /// A request that may be forwarded.
    struct Admission: Sendable {
        let platform: Platform
        let from: PartyID
        let receiver: Receiver
        let ids: MessageIDFactory
    }

    // MARK: Token

    /// The platform behind the `Authorization` header (OCPI 2.2.1, 4.1.1).
    /// - Parameter registering: whether token A is enough: versions, version details and credentials only.
    func caller(_ authorization: String?, registering: Bool, in directory: Directory) throws(OCPIError) -> Caller {
        guard let authorization else {
            throw OCPIError(code: .invalidParameters, message: "Authorization header is missing", kind: .unauthorized)
        }
        guard let found = directory.platform(presenting: Token.readings(authorization: authorization)) else {
            throw OCPIError(code: .invalidParameters, message: "Authorization token is not known here", kind: .unauthorized)
        }
        if case .registration = found.use, !registering {
            throw OCPIError(code: .invalidParameters, message: "This token is for registration only", kind: .unauthorized)
        }
        return Caller(platform: found.platform, use: found.use, token: found.token)
    }

    /// The party in whose name a request comes, as far as its head proves that; whatever else is wrong with it.
    func sender(_ head: RequestHead, in directory: Directory) -> (platform: Platform, party: PartyID)? {
        guard let caller = try? self.caller(head.authorization, registering: false, in: directory),
            let from = try? RequestAdmission.party(head.fromCountry, head.fromParty, "OCPI-from"), directory.serves(caller.platform, from)
        else { return nil }
        return (caller.platform, from)
    }

    /// The party that a request is addressed to, if it says one.
    static func addressee(_ head: RequestHead) -> PartyID? { try? party(head.toCountry, head.toParty, "OCPI-to") }

    // MARK: Routing

    /// Whether the module has this resource, with this method.
    static func checkResource(_ method: Method, _ route: ModuleRoute) throws(OCPIError) {
        guard !ModuleTable.allows(method, route) else { return }
        let methods = ModuleTable.methods(route)
        guard methods.isEmpty else { throw .notAvailable(method, but: methods) }
        throw OCPIError(code: .clientError, message: "There is no such resource", kind: .notFound)
    }

    /// From whom, to whom, and whether that can work.
    func admit(_ head: RequestHead, _ route: ModuleRoute, in directory: Directory) throws(OCPIError) -> Admission {
        try RequestAdmission.checkResource(head.method, route)
        let caller = try caller(head.authorization, registering: false, in: directory)
        let ids = try MessageIDFactory(head, version: route.version)
        let from = try RequestAdmission.party(head.fromCountry, head.fromParty, "OCPI-from")
        guard directory.serves(caller.platform, from) else {
            throw OCPIError(code: .invalidParameters, message: "OCPI-from \(from) is not a role of the platform that owns this token")
        }
        let receiver = try receiver(head, route)
        if case .party(let to) = receiver { try checkReachable(to, in: directory) }
        return Admission(platform: caller.platform, from: from, receiver: receiver, ids: ids)
    }

    private func receiver(_ head: RequestHead, _ route: ModuleRoute) throws(OCPIError) -> Receiver {
        let use = ModuleTable.hubUse(head.method, route)
        if head.toCountry == nil, head.toParty == nil {
            // The URL of a page, a CDR or a result says whose it is.
            guard use.contains(.openRouting) || ModuleTable.capability(head.method, route) != nil else {
                throw OCPIError(
                    code: .invalidParameters,
                    message: "OCPI-to-country-code and OCPI-to-party-id are missing; a \(head.method) here cannot be routed without them")
            }
            return .open
        }
        let to = try RequestAdmission.party(head.toCountry, head.toParty, "OCPI-to")
        guard to == hub else { return .party(to) }
        // Who answers its hub may well name its hub.
        if ModuleTable.capability(head.method, route) != nil { return .open }
        if use.contains(.broadcast) { return .everybody }
        if use.contains(.getAll) { return .listOfAll }
        throw OCPIError(
            code: .invalidParameters, message: "\(head.method) of \(route.module) cannot be addressed to the hub: name a party in OCPI-to")
    }

    /// A receiver is connected here, or listed under a node that is not this one.
    func checkReachable(_ to: PartyID, in directory: Directory) throws(OCPIError) {
        guard directory.platform(of: to) == nil else { return }
        guard let node = directory.node(of: to) else {
            throw directory.networkParty(to) == nil ? OCPIError.unknownReceiver(to) : OCPIError.nodeNotListed(to)
        }
        guard node.operatorAddress != nodeAddress else { throw OCPIError.notConnected(to) }
    }

    /// Whether a receiver that is connected here can be called, and lets this sender through; other nodes judge for theirs
    /// (OCPI 2.2.1, 14.2; OCN node 1.1, OcnRules).
    /// - Parameter isCopy: that the sender agreed to; rules do not stop these.
    static func checkWilling(
        _ to: PartyID, from: PartyID, _ module: ModuleID, isCopy: Bool = false, in directory: Directory
    ) throws(OCPIError) {
        guard let platform = directory.platform(of: to) else { return }
        let status = directory.status(of: platform.id)
        guard status == .connected else { throw OCPIError.notCalled(to, status.rawValue) }
        if !isCopy, let refusal = directory.refusal(of: from, to: to, module) { throw OCPIError(code: .clientError, message: refusal) }
    }

    private static func party(_ country: String?, _ party: String?, _ name: String) throws(OCPIError) -> PartyID {
        guard let country else { throw OCPIError(code: .invalidParameters, message: "\(name)-country-code header is missing") }
        guard let party else { throw OCPIError(code: .invalidParameters, message: "\(name)-party-id header is missing") }
        guard let id = PartyID(country: country, party: party) else {
            throw OCPIError(code: .invalidParameters, message: "\(name)-country-code must have 2 and \(name)-party-id 3 letters or digits")
        }
        return id
    }
}
