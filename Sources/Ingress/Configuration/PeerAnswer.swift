import Directory
import NIOCore
import OCPI
import Wire

/// What a platform answered when we asked for its versions or its version details.
struct PeerAnswer: Sendable {
    let httpStatus: Int
    let body: ByteBuffer

    /// The token was not accepted in the encoding it was sent in.
    var refusesToken: Bool { [400, 401, 403].contains(httpStatus) }

    /// URL of the version details.
    /// - Throws: 3001 for an unusable answer; 3002 if the version is not offered (3003 in version 2.2, as the reference has it).
    func detailsURL(of version: OCPIVersion) throws(OCPIError) -> String {
        guard let versions = try data(of: "versions").array else { throw PeerAnswer.unusable("versions", "data is not a list") }
        guard let entry = versions.first(where: { $0["version"]?.string == version.rawValue }) else {
            throw OCPIError(
                code: version == .v2_2 ? .noMatchingEndpoints : .unsupportedVersion,
                message: "Your versions endpoint does not offer \(version.rawValue)")
        }
        guard let url = entry["url"]?.string, URLJoin.origin(of: url) != nil else {
            throw PeerAnswer.unusable("versions", "the URL of \(version.rawValue) is not an absolute http or https URL")
        }
        return url
    }

    /// The endpoints of the version details, as they are listed. Entries without a usable URL or role are left out; the role of the
    /// credentials endpoint does not matter (OCPI 2.2.1-d2, 6.2.2).
    /// - Throws: 3001 for an unusable answer.
    func endpoints() throws(OCPIError) -> [Endpoint] {
        guard let list = try data(of: "version details")["endpoints"]?.array else {
            throw PeerAnswer.unusable("version details", "endpoints is not a list")
        }
        return list.compactMap { entry in
            guard let identifier = entry["identifier"]?.string, !identifier.isEmpty, let url = entry["url"]?.string,
                URLJoin.origin(of: url) != nil
            else { return nil }
            let module = ModuleID(rawValue: identifier)
            let role = entry["role"]?.string.flatMap(InterfaceRole.init(rawValue:)) ?? (module == .credentials ? .sender : nil)
            return role.map { Endpoint(module: module, interface: $0, url: url) }
        }
    }

    private func data(of what: String) throws(OCPIError) -> JSONValue {
        guard httpStatus == 200 else { throw PeerAnswer.unusable(what, "HTTP status \(httpStatus)") }
        guard let json = try? JSONValue.parse(body) else { throw PeerAnswer.unusable(what, "the answer is not JSON") }
        guard let status = json["status_code"]?.int, StatusCode(rawValue: status).isSuccess, let data = json["data"] else {
            throw PeerAnswer.unusable(what, "the answer has no success status or no data")
        }
        return data
    }

    private static func unusable(_ what: String, _ why: String) -> OCPIError {
        OCPIError(code: .unableToUseClientAPI, message: "Your \(what) could not be used: \(why)")
    }
}
