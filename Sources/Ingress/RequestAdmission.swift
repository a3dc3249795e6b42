import Directory
import Encoding
import OCPI

/// Decides from a request's head alone whether the node forwards it. A pure function of the snapshot.
///
/// Order of checks: route and method, token, message ids, `OCPI-from-*`, `OCPI-to-*`, receiver. The token is checked before the ids, so
/// that an unauthenticated caller learns only that its token is wrong.
struct RequestAdmission: Sendable {
    /// The hub's own party.
    let hub: PartyID
    /// Operator address of this node, lower case.
    let nodeAddress: String

    /// The authenticated caller.
    struct Caller: Sendable {
        let platform: Platform
        let use: Directory.TokenUse
        /// The decoding of the header that matched.
        let token: Token
    }

    /// The receiver of a request.
    enum Receiver: Sendable, Equatable {
        /// One party.
        case party(PartyID)
        /// The hub, which broadcasts the request.
        case everybody
        /// The hub, which combines the lists of all parties.
        case listOfAll
        /// No receiver: the hub determines it, or the URL contains it, whether or not the hub is named as receiver.
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
    /// - Parameter registering: whether token A is sufficient: versions, version details and credentials only.
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

    /// The party that sends the request, as far as its head proves that, even if the request is otherwise invalid.
    func sender(_ head: RequestHead, in directory: Directory) -> (platform: Platform, party: PartyID)? {
        guard let caller = try? self.caller(head.authorization, registering: false, in: directory),
            let from = try? RequestAdmission.party(head.fromCountry, head.fromParty, "OCPI-from"), directory.serves(caller.platform, from)
        else { return nil }
        return (caller.platform, from)
    }

    /// The party that a request is addressed to, if it names one.
    static func addressee(_ head: RequestHead) -> PartyID? { try? party(head.toCountry, head.toParty, "OCPI-to") }

    // MARK: Routing

    /// Checks that the module has this resource with this method.
    static func checkResource(_ method: Method, _ route: ModuleRoute) throws(OCPIError) {
        guard !ModuleTable.allows(method, route) else { return }
        let methods = ModuleTable.methods(route)
        guard methods.isEmpty else { throw .notAvailable(method, but: methods) }
        throw OCPIError(code: .clientError, message: "There is no such resource", kind: .notFound)
    }

    /// Checks the sender and the receiver, and whether the receiver can be reached.
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
            // The URL of a page, a CDR or a result implies its receiver.
            guard use.contains(.openRouting) || ModuleTable.capability(head.method, route) != nil else {
                throw OCPIError(
                    code: .invalidParameters,
                    message: "OCPI-to-country-code and OCPI-to-party-id are missing; a \(head.method) here cannot be routed without them")
            }
            return .open
        }
        let to = try RequestAdmission.party(head.toCountry, head.toParty, "OCPI-to")
        guard to == hub else { return .party(to) }
        // A result that is sent to a hub URL may name the hub as receiver.
        if ModuleTable.capability(head.method, route) != nil { return .open }
        if use.contains(.broadcast) { return .everybody }
        if use.contains(.getAll) { return .listOfAll }
        throw OCPIError(
            code: .invalidParameters, message: "\(head.method) of \(route.module) cannot be addressed to the hub: name a party in OCPI-to")
    }

    /// Checks that the receiver is connected here, or listed under another node.
    func checkReachable(_ to: PartyID, in directory: Directory) throws(OCPIError) {
        guard directory.platform(of: to) == nil else { return }
        guard let node = directory.node(of: to) else {
            throw directory.networkParty(to) == nil ? OCPIError.unknownReceiver(to) : OCPIError.nodeNotListed(to)
        }
        guard node.operatorAddress != nodeAddress else { throw OCPIError.notConnected(to) }
    }

    /// Checks that a receiver connected here can be called and that its rules accept the sender. Other nodes check this for their parties
    /// (OCPI 2.2.1, 14.2; OCN node 1.1, OcnRules).
    /// - Parameter isCopy: a copy that the sender has agreed to, to which rules do not apply.
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
