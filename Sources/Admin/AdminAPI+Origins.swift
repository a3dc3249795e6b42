import Credentials
import Directory
import Encoding
import Hummingbird
import NIOCore
import OCPI

// The servers that a platform's URLs may point to besides its endpoints.

extension AdminAPI {
    private static let maxOrigins = 16
    private static let example = #"["https://results.example.com"]"#

    /// `PUT /admin/platform/{id}/origins`: sets the servers that `response_url`, `Link` and `Location` of the platform may point to,
    /// besides those of its endpoints. The list replaces the previous one; an empty list removes it.
    func setOrigins(_ request: Request, _ parameters: Parameters) async throws -> Response {
        let body = try await request.body.collect(upTo: 64 * 1024)
        guard let list = (try? JSONValue.parse(body))?.array, list.count <= Self.maxOrigins else {
            return problem(.badRequest, "the body must be a list of at most \(Self.maxOrigins) servers like \(Self.example)")
        }
        var origins: [String] = []
        for entry in list {
            guard let url = entry.string, URLJoin.faultOfBase(url) == nil, let origin = URLJoin.origin(of: url),
                url.utf8.count(where: { $0 == UInt8(ascii: "/") }) == (url.hasSuffix("/") ? 3 : 2)
            else {
                return problem(.badRequest, "every entry must be an http or https URL of a server without a path, as in \(Self.example)")
            }
            if !origins.contains(origin) { origins.append(origin) }
        }
        guard let platform = state.directory().platform(id: parameters.get("id") ?? "") else {
            return problem(.notFound, "there is no such platform")
        }
        do {
            let key = FactKey.origins(platform.id)
            try await state.write([origins.isEmpty ? .delete(key: key) : .put(.origins(platform: platform.id, origins))])
        } catch {
            return problem(.serviceUnavailable, "the origins could not be stored; try again")
        }
        return json(.ok, .object(platform.summary(in: state.directory())))
    }
}
