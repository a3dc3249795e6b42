import Directory
import Encoding
import NIOCore
import OCPI

/// Checks that a broadcast object belongs to a party of the sender's platform (OCPI 2.2.1, 4.1.5 Broadcast Push and 4.1.6 Errors).
///
/// The hub must check this: recipients see the hub as the sender and cannot recognise an object written by a party that does not own it.
enum BroadcastOwner {
    /// - Throws: 2001 if the path or the body names a party that the platform does not serve, or if they name different parties.
    static func check(_ route: ModuleRoute, _ platform: Platform, _ body: ByteBuffer?, in directory: Directory) throws(OCPIError) {
        guard let owner = ObjectPath(route.remainder).owner, directory.serves(platform, owner) else {
            throw OCPIError(
                code: .invalidParameters, message: "The path must name a party of the sender's platform: others' objects are not broadcast")
        }
        guard isOwner(owner, of: body) else {
            throw OCPIError(code: .invalidParameters, message: "country_code and party_id of the body must be those of the path")
        }
    }

    /// Whether the body names that party as the owner, or no owner. Parts of an object, and PATCH, may omit it.
    static func isOwner(_ owner: PartyID, of body: ByteBuffer?) -> Bool {
        guard let body else { return true }
        let (country, party) = (body.jsonString(["country_code"]), body.jsonString(["party_id"]))
        return PartyID(country: country ?? owner.country, party: party ?? owner.party) == owner
    }
}
