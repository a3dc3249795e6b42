import Encoding
package import NIOCore

/// The members of a body that decide how a hub handles a request: the recipient, the order, the owner of the object, and the URL for the
/// result. Each may occur once at its level: parsers take either the first or the last of two, so the recipient might read another request
/// than the one that the hub checked.
package enum DecisiveMembers {
    /// Checks a body.
    /// - Parameter body: JSON.
    /// - Throws: 2001 naming the repeated member.
    package static func check(_ body: ByteBuffer, _ route: ModuleRoute) throws(OCPIError) {
        guard !route.isCustom, route.interface == .receiver, let paths = paths[route.module] else { return }
        let repeated: String?
        do throws(JSONError) {
            repeated = try JSONScanner.repeated(among: paths, in: body.readableBytesUInt8Span)
        } catch {
            throw OCPIError(code: .invalidParameters, message: "The body is \(error)", kind: .unparsable)
        }
        guard let repeated else { return }
        throw OCPIError(code: .invalidParameters, message: "\(repeated) stands twice in the body: nothing was sent")
    }

    /// Checks a query: for a request about one token, its `type`, which is part of the token's identity (OCPI 2.2.1, 12.2). The parameters
    /// of lists and charging profiles are checked where they are parsed.
    /// - Throws: 2001 naming the repeated parameter.
    package static func check(query: String?, _ route: ModuleRoute) throws(OCPIError) {
        guard !route.isCustom, route.module == .tokens, !route.remainder.isEmpty, let query else { return }
        guard PercentText.pairs(query).count(where: { $0.name == "type" }) > 1 else { return }
        throw OCPIError(code: .invalidParameters, message: "type stands twice in the query: nothing was sent")
    }

    private static let owner = [["country_code"], ["party_id"]]
    private static let tokenOwner = [["cdr_token", "country_code"], ["cdr_token", "party_id"]]

    private static let paths: [ModuleID: [[String]]] = [
        .cdrs: owner + tokenOwner + [["id"], ["session_id"], ["credit_reference_id"]],
        .chargingprofiles: [["response_url"]],
        .commands: [
            ["response_url"], ["session_id"], ["reservation_id"], ["location_id"], ["token", "uid"], ["expiry_date"],
        ],
        .locations: owner,
        .sessions: owner + tokenOwner,
        .tariffs: owner,
        .tokens: owner + [["type"]],
    ]
}
