import Encoding
package import NIOCore

/// The members of a body that decide what a hub does with a request: where it goes and in which order, whose object it is, and who is called
/// back. Each of them may stand once at its level: of two, parsers take either the first or the last, so that the recipient might read
/// another request than the one that the hub has judged.
package enum DecisiveMembers {
    /// - Parameter body: JSON.
    /// - Throws: 2001 naming the member that stands twice.
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

    /// The same of a query: of what is about one token its type, which is a part of the token's identity (OCPI 2.2.1, 12.2). What lists and
    /// charging profiles have in theirs is checked where it is read.
    /// - Throws: 2001 naming the parameter that stands twice.
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
