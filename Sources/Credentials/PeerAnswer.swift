package import Directory
import Encoding
package import NIOCore
package import OCPI

/// A platform's answer to a request of this node: versions, version details, credentials.
package struct PeerAnswer: Sendable {
    /// HTTP status.
    package let httpStatus: Int
    /// The whole body.
    package let body: ByteBuffer

    package init(httpStatus: Int, body: ByteBuffer) {
        self.httpStatus = httpStatus
        self.body = body
    }

    /// `status_code` of the body; nil if there is none, or two.
    package var statusCode: StatusCode? { AnswerStatus(body).code.map(StatusCode.init(rawValue:)) }

    /// Whether the answer has an HTTP status 2xx with an OCPI status of 1xxx, or 204, which has no body.
    package var isSuccess: Bool { httpStatus == 204 || 200..<300 ~= httpStatus && statusCode?.isSuccess == true }

    /// Both statuses, for messages.
    package var statuses: String { "HTTP status \(httpStatus)" + (statusCode.map { ", OCPI status \($0)" } ?? "") }

    /// Whether the token was refused in the encoding in which it was sent. Some nodes only show that by an OCPI status.
    var refusesToken: Bool {
        [400, 401, 403].contains(httpStatus) || httpStatus == 200 && statusCode.map { 2000..<3000 ~= $0.rawValue } == true
    }

    /// Whether the platform states that the request had no effect. After any other failure this is unknown.
    var isRefusal: Bool {
        400..<500 ~= httpStatus || 200..<300 ~= httpStatus && statusCode.map { !$0.isSuccess } == true
    }

    /// The URL of the version details.
    /// - Throws: 3001 for an unusable answer; 3002 if the version is not offered (3003 in version 2.2, as in the reference).
    package func detailsURL(of version: OCPIVersion) throws(OCPIError) -> String {
        guard let found = try offers().first(where: { $0.version == version }) else {
            throw OCPIError(
                code: version == .v2_2 ? .noMatchingEndpoints : .unsupportedVersion,
                message: "The platform's versions endpoint does not offer \(version.rawValue)")
        }
        return try usable(found)
    }

    /// The highest version that both sides support; unknown versions are ignored.
    /// - Throws: 3001 for an unusable answer; 3002 if there is none.
    package func highestVersion() throws(OCPIError) -> (version: OCPIVersion, url: String) {
        guard let found = try offers().max(by: { $0.version < $1.version }) else {
            throw OCPIError(code: .unsupportedVersion, message: "The platform's versions endpoint offers no version of this node")
        }
        return (found.version, try usable(found))
    }

    /// The endpoints in the version details, in their order. Entries without a name, a role or a URL are left out, and custom modules with
    /// a URL of another kind; the role of the credentials endpoint is ignored (OCPI 2.2.1-d2, 6.2.2).
    /// - Throws: 3001 for an unusable answer, and for one with a URL that cannot be called, or with more than 64 endpoints. Such a URL is
    ///   not left out, because callers would get the wrong error: that the platform has no such module.
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
            // A custom module may use other URL schemes, which OCPI does not define.
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

    /// The most endpoints of one platform: OCPI has a dozen; the rest are custom modules.
    private static let maxEndpoints = 64

    private typealias Offer = (version: OCPIVersion, url: String?)

    private func offers() throws(OCPIError) -> [Offer] {
        guard let versions = try data(of: "versions").array else { throw PeerAnswer.unusable("versions", "data is not a list") }
        for entry in versions { try PeerAnswer.checkOnce(["version", "url"], in: entry, of: "versions") }
        return versions.compactMap { entry in
            entry["version"]?.string.flatMap(OCPIVersion.init(rawValue:)).map { ($0, entry["url"]?.string) }
        }
    }

    /// Refuses repeated members: parsers take either the first or the last of two.
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
