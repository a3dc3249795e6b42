package import Directory
package import Encoding
package import NIOCore
package import OCPI

/// The Credentials object of a platform, from a request or an answer (OCPI 2.2.1, 7.3.1).
package struct PeerCredentials: Sendable {
    /// The token with which to call the platform (token B).
    package let token: Token
    /// The URL of its versions.
    package let versionsURL: String
    /// The parties for which it acts; each (role, party) once, at least one.
    package var roles: [PlatformRole]

    /// The longest `business_details` of a role, in bytes.
    package static let maxBusinessDetails = 4 * 1024

    /// - Throws: 400 for a body that is not JSON, 2001 for anything else that is not a credentials object.
    package init(_ body: ByteBuffer?) throws(OCPIError) {
        guard let body, let json = try? JSONValue.parse(body) else {
            throw OCPIError(code: .invalidParameters, message: "The body is not valid JSON", kind: .unparsable)
        }
        try self.init(json)
    }

    /// - Throws: 2001 for anything that is not a credentials object.
    package init(_ json: JSONValue) throws(OCPIError) {
        if let name = json.repeated(among: ["token", "url", "roles"]) { throw PeerCredentials.refusal("\(name) stands twice") }
        guard let token = json["token"]?.string, 1...64 ~= token.utf8.count, token.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw PeerCredentials.refusal("token must have 1 to 64 printable ASCII characters")
        }
        guard let url = json["url"]?.string, url.utf8.count <= 255 else {
            throw PeerCredentials.refusal("url must be an absolute http or https URL of at most 255 characters")
        }
        if let defect = URLJoin.defect(of: url) { throw PeerCredentials.refusal("url \(defect)") }
        guard let entries = json["roles"]?.array, !entries.isEmpty else { throw PeerCredentials.refusal("roles is missing or empty") }
        guard entries.count <= Platform.maxRoles else {
            throw PeerCredentials.refusal("roles lists more than \(Platform.maxRoles)")
        }
        var roles: [PlatformRole] = []
        var known: Set<String> = []
        for entry in entries {
            let role = try PeerCredentials.role(entry)
            guard known.insert("\(role.party.canonical) \(role.role)").inserted else {
                throw PeerCredentials.refusal("roles lists \(role.role) \(role.party) twice")
            }
            roles.append(role)
        }
        self.token = Token(token)
        versionsURL = url
        self.roles = roles
    }

    /// Every party once, in the order of the roles.
    package var parties: [PartyID] {
        var parties: [PartyID] = []
        var known: Set<PartyID> = []
        for role in roles where known.insert(role.party).inserted { parties.append(role.party) }
        return parties
    }

    private static func role(_ entry: JSONValue) throws(OCPIError) -> PlatformRole {
        if let name = entry.repeated(among: ["role", "country_code", "party_id", "business_details"]) {
            throw refusal("\(name) stands twice in a role")
        }
        // The role becomes part of stored keys, and is announced to other nodes.
        guard let role = entry["role"]?.string, 1...32 ~= role.utf8.count,
            role.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "/") })
        else {
            throw refusal("a role must have a role of 1 to 32 printable ASCII characters without '/'")
        }
        guard let country = entry["country_code"]?.string, let party = entry["party_id"]?.string,
            let id = PartyID(country: country, party: party)
        else { throw refusal("a role must have a country_code of 2 and a party_id of 3 letters or digits") }
        let details = entry["business_details"]
        guard details.map({ $0.encoded().readableBytes <= maxBusinessDetails }) ?? true else {
            throw refusal("the business_details of \(id) are longer than \(maxBusinessDetails) bytes")
        }
        return PlatformRole(role: role.uppercased(), party: id, businessDetails: details)
    }

    private static func refusal(_ what: String) -> OCPIError {
        OCPIError(code: .invalidParameters, message: "Not a credentials object: \(what)")
    }
}
