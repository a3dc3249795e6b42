import Encoding
package import NIOCore

/// The Kafka key of a request: the object whose changes must arrive in the order in which they were sent. Requests with equal keys share a
/// partition and never overtake each other.
package enum OrderingKey {
    /// `<owner>|<module>|<object>`, with owner and object in canonical form (`DE-CPO|locations|LOC1`). Requests without an object, or that
    /// do not name it, get `<sender>|<module>|<request id>` and are not ordered with any other. Nil for reads, except those that ask for an
    /// asynchronous result: repeats of these must reach the same worker.
    /// - Parameters:
    ///   - remainder: the path below the endpoint, verbatim.
    ///   - body: only parsed for CDRs and commands, whose object is in the body. Need not be JSON.
    ///   - isCallback: whether the request came to a `response_url`. It must not wait behind the command it belongs to, so it has a key of
    ///     its own.
    package static func key(
        module: ModuleID, interface: InterfaceRole, method: Method, remainder: String, sender: PartyID, requestID: String, body: ByteBuffer,
        isCallback: Bool
    ) -> String? {
        guard !method.isRead else {
            let route = ModuleRoute(version: .v2_2_1, module: module, interface: interface, remainder: remainder)
            return ModuleTable.hasResponseURL(method, route) == nil ? nil : text(sender, module.rawValue, requestID)
        }
        if isCallback {
            // The token of a hub URL is no OCPI id: it is case-sensitive.
            let token = remainder.split(separator: "/").last.map {
                PercentText.normalized(PercentText.decodedBytes($0, plusIsSpace: false))
            }
            return text(sender, module.rawValue + "-result", token ?? requestID)
        }
        let request = Request(interface: interface, method: method, path: ObjectPath(remainder), sender: sender, body: body)
        let (owner, object) = objects[module]?(request) ?? (sender, nil)
        return object.map { text(owner, module.rawValue, $0) } ?? text(sender, module.rawValue, requestID)
    }

    private struct Request {
        let interface: InterfaceRole
        let method: Method
        let path: ObjectPath
        let sender: PartyID
        let body: ByteBuffer

        /// The object named by owner and id in the path. Deeper segments (EVSE, connector) are parts of it.
        var owned: Object { (path.owner ?? sender, path.object?.canonical) }

        /// The receiver's object named by the first segment.
        var first: Object { (sender, path.ids.first?.canonical) }

        /// A member of the body; nil if it is absent or empty.
        func member(_ path: String...) -> String? {
            body.jsonString(path).flatMap { $0.isEmpty ? nil : $0 }
        }

        /// A member of the body as an id.
        func id(_ path: String...) -> String? {
            body.jsonString(path).flatMap { $0.isEmpty ? nil : CiString($0).canonical }
        }
    }

    private typealias Object = (owner: PartyID, object: String?)
    private typealias Rule = @Sendable (Request) -> Object

    private static let objects: [ModuleID: Rule] = [
        .locations: \.owned,
        .tariffs: \.owned,
        // `POST <uid>/authorize` changes nothing that could be ordered.
        .tokens: { $0.interface == .receiver ? $0.owned : ($0.sender, nil) },
        // `PUT <session>/charging_preferences` is sent to the owner, without owner segments.
        .sessions: { $0.interface == .receiver ? $0.owned : $0.first },
        .chargingprofiles: \.first,
        // A credit CDR must not overtake the CDR it takes back: both name the session.
        .cdrs: { request in
            let owner = request.member("country_code").flatMap { country in
                request.member("party_id").flatMap { PartyID(country: country, party: $0) }
            }
            return (owner ?? request.sender, request.id("session_id") ?? request.id("credit_reference_id") ?? request.id("id"))
        },
        .commands: { ($0.sender, commandObject($0)) },
    ]

    /// The key that keeps CANCEL behind its RESERVE, a second START of a token at a location behind the first, and so on.
    private static func commandObject(_ request: Request) -> String? {
        switch request.path.ids.first?.canonical {
        case "STOP_SESSION": request.id("session_id")
        case "RESERVE_NOW", "CANCEL_RESERVATION": request.id("reservation_id")
        case "START_SESSION": request.id("token", "uid").flatMap { uid in request.id("location_id").map { uid + "+" + $0 } }
        case "UNLOCK_CONNECTOR": request.id("location_id")
        default: nil
        }
    }

    private static func text(_ owner: PartyID, _ module: String, _ object: String) -> String {
        "\(owner.canonical)|\(module)|\(object)"
    }
}
