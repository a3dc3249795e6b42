package import Directory
import Encoding
package import NIOCore
package import OCPI

/// What a platform answered to a request of the node's own: versions, version details, credentials.
package struct PeerAnswer: Sendable {
    /// HTTP status.
    package let httpStatus: Int
    /// All of the body.
    package let body: ByteBuffer

    /// - Parameters: as the properties say.
    package init(httpStatus: Int, body: ByteBuffer) {
        self.httpStatus = httpStatus
        self.body = body
    }

    /// `status_code` of the body; nil if there is none, or two.
    package var statusCode: StatusCode? { AnswerStatus(body).code.map(StatusCode.init(rawValue:)) }

    /// HTTP 2xx with an OCPI status of 1xxx; 204, which has no body to say more in.
    package var isSuccess: Bool { httpStatus == 204 || 200..<300 ~= httpStatus && statusCode?.isSuccess == true }

    /// Both statuses, for messages.
    package var statuses: String { "HTTP status \(httpStatus)" + (statusCode.map { ", OCPI status \($0)" } ?? "") }

    /// The token was not accepted in the encoding it was sent in. Some nodes say so with an OCPI status only.
    var refusesToken: Bool {
        [400, 401, 403].contains(httpStatus) || httpStatus == 200 && statusCode.map { 2000..<3000 ~= $0.rawValue } == true
    }

    /// The platform says that it did not do what it was asked. After anything else but a success nobody knows.
    var isRefusal: Bool {
        400..<500 ~= httpStatus || 200..<300 ~= httpStatus && statusCode.map { !$0.isSuccess } == true
    }

    /// URL of the version details.
    /// - Throws: 3001 for an unusable answer; 3002 if the version is not offered (3003 in version 2.2, as the reference has it).
    package func detailsURL(of version: OCPIVersion) throws(OCPIError) -> String {
        guard let found = try offers().first(where: { $0.version == version }) else {
            throw OCPIError(
                code: version == .v2_2 ? .noMatchingEndpoints : .unsupportedVersion,
                message: "The platform's versions endpoint does not offer \(version.rawValue)")
        }
        return try usable(found)
    }

    /// The highest version that both sides speak; versions that nobody here knows are ignored.
    /// - Throws: 3001 for an unusable answer; 3002 if there is none.
    package func highestVersion() throws(OCPIError) -> (version: OCPIVersion, url: String) {
        guard let found = try offers().max(by: { $0.version < $1.version }) else {
            throw OCPIError(code: .unsupportedVersion, message: "The platform's versions endpoint offers no version of this node")
        }
        return (found.version, try usable(found))
    }

    /// The endpoints of the version details, as they are listed. Entries without a name, a role or a URL are left out, and custom
    /// modules with a URL of another kind; the role of the credentials endpoint does not matter (OCPI 2.2.1-d2, 6.2.2).
    /// - Throws: 3001 for an unusable answer: also one with a URL that could not be called as it stands, or with more than 64 endpoints.
    ///   Such a URL is not left out: callers would be told that the platform has no such module.
    package func endpoints() throws(OCPIError) -> [Endpoint] {
        let details = try data(of: "version details")
        try PeerAnswer.checkOnce(["endpoints"], in: details, of: "version details")
        guard let list = details["endpoints"]?.array else {
            throw PeerAnswer.unusable("version details", "endpoints is not a list")
        }
        guard list.count <= PeerAnswer.maxEndpoints else {
            throw PeerAnswer.unusable("version details", "it lists more than \(PeerAnswer.maxEndpoints) endpoints")
        }
        var endpoints: [Endpoint] = []
        for entry in list {
            try PeerAnswer.checkOnce(["identifier", "role", "url"], in: entry, of: "version details")
            guard let identifier = entry["identifier"]?.string, 1...64 ~= identifier.utf8.count, let url = entry["url"]?.string
            else { continue }
            let module = ModuleID(rawValue: identifier)
            let role = entry["role"]?.string.flatMap(InterfaceRole.init(rawValue:)) ?? (module == .credentials ? .sender : nil)
            guard let role else { continue }
            // What OCPI does not define may be reached in ways that it does not define either.
            if !module.isStandard, !["http", "https"].contains(url.prefix { $0 != ":" }.lowercased()) { continue }
            if let defect = URLJoin.defect(of: url) {
                throw PeerAnswer.unusable("version details", "the URL of \(module) \(role.rawValue) \(defect)")
            }
            endpoints.append(Endpoint(module: module, interface: role, url: url))
        }
        return endpoints
    }

    /// The Credentials object in the answer.
    /// - Throws: 3001 for an unusable answer.
    package func credentials() throws(OCPIError) -> PeerCredentials {
        let data = try data(of: "credentials")
        do {
            return try PeerCredentials(data)
        } catch {
            throw PeerAnswer.unusable("credentials", error.message)
        }
    }

    // MARK: Reading

    /// Most endpoints of one platform: OCPI has a dozen; the rest is custom modules.
    private static let maxEndpoints = 64

    private typealias Offer = (version: OCPIVersion, url: String?)

    private func offers() throws(OCPIError) -> [Offer] {
        guard let versions = try data(of: "versions").array else { throw PeerAnswer.unusable("versions", "data is not a list") }
        for entry in versions { try PeerAnswer.checkOnce(["version", "url"], in: entry, of: "versions") }
        return versions.compactMap { entry in
            entry["version"]?.string.flatMap(OCPIVersion.init(rawValue:)).map { ($0, entry["url"]?.string) }
        }
    }

    /// Of two members parsers take either the first or the last.
    private static func checkOnce(_ names: [String], in json: JSONValue, of what: String) throws(OCPIError) {
        if let name = json.repeated(among: names) { throw unusable(what, "\(name) stands twice in it") }
    }

    private func usable(_ offer: Offer) throws(OCPIError) -> String {
        guard let url = offer.url else { throw PeerAnswer.unusable("versions", "the URL of \(offer.version.rawValue) is missing") }
        if let defect = URLJoin.defect(of: url) { throw PeerAnswer.unusable("versions", "the URL of \(offer.version.rawValue) \(defect)") }
        return url
    }

    private func data(of what: String) throws(OCPIError) -> JSONValue {
        guard !(300..<400 ~= httpStatus) else {
            throw PeerAnswer.unusable(what, "it redirects (HTTP status \(httpStatus)), and redirects are not followed")
        }
        guard 200..<300 ~= httpStatus else { throw PeerAnswer.unusable(what, statuses) }
        guard let json = try? JSONValue.parse(body) else { throw PeerAnswer.unusable(what, "the answer is not JSON") }
        try PeerAnswer.checkOnce(["status_code", "data"], in: json, of: what)
        guard statusCode?.isSuccess == true, let data = json["data"] else {
            throw PeerAnswer.unusable(what, "the answer has no success status or no data (\(statuses))")
        }
        return data
    }

    private static func unusable(_ what: String, _ why: String) -> OCPIError {
        OCPIError(code: .unableToUseClientAPI, message: "The platform's \(what) could not be used: \(why)")
    }
}
