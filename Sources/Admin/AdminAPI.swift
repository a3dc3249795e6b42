package import Directory
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
package import OCPI
import Wire

/// The private API for operators: invites platforms and tells how they are. Same paths and answers as the reference OCN node where it
/// has them; tokens are shown once, when they are issued, and never again.
package struct AdminAPI: Sendable {
    private let store: StateStore
    private let writer: StateWriter
    private let keyHash: String
    private let publicURL: String
    private let logger: Logger

    /// - Parameters:
    ///   - store: this process's follower of `ocn.state`.
    ///   - writer: writes invitations.
    ///   - key: the operator's key; every call carries `Authorization: Token <key>`, plain or base64.
    ///   - publicURL: what parties call this node by.
    ///   - logger: where invitations are told.
    package init(store: StateStore, writer: StateWriter, key: Token, publicURL: String, logger: Logger) {
        self.store = store
        self.writer = writer
        keyHash = TokenHash.of(key)
        self.publicURL = publicURL
        self.logger = logger
    }

    /// Adds the routes below `/admin`.
    package func addRoutes(to router: Router<some RequestContext>) {
        let admin = router.group("admin").add(middleware: AdminKey(hash: keyHash))
        admin.post("generate-registration-token") { request, _ in try await invite(request) }
        admin.get("connection-status/:country/:party") { _, context in
            status(country: context.parameters.get("country") ?? "", party: context.parameters.get("party") ?? "")
        }
        admin.get("platforms") { _, _ in platforms() }
    }

    /// `POST /admin/generate-registration-token`: a fresh token A for the parties in the body.
    private func invite(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 64 * 1024)
        guard let list = (try? JSONValue.parse(body))?.array, !list.isEmpty else {
            return problem(.badRequest, #"the body must be a list like [{"country_code":"DE","party_id":"CPO"}]"#)
        }
        var parties: [PartyID] = []
        for entry in list {
            guard let country = entry["country_code"]?.string, let id = entry["party_id"]?.string,
                let party = PartyID(country: country, party: id)
            else { return problem(.badRequest, "every entry needs a country_code of 2 and a party_id of 3 letters or digits") }
            if store.directory.platform(of: party) != nil { return problem(.badRequest, "\(party) is already connected to this node") }
            parties.append(party)
        }
        let token = Token.generate()
        let platform = Platform(id: UUIDText.v4(), tokenAHash: TokenHash.of(token), invited: parties)
        do throws(StateError) {
            try await writer.write([.put(.status(platform: platform.id, .planned, .now)), .put(.platform(platform))])
        } catch {
            logger.error("cannot invite", metadata: ["error": "\(error)"])
            return problem(.serviceUnavailable, "the invitation could not be stored; try again")
        }
        logger.info("invited", metadata: ["parties": "\(parties.map(\.description).joined(separator: " "))", "platform": "\(platform.id)"])
        return json(.ok, ["token": .string(token.raw), "versions": .string(publicURL + "/ocpi/versions")])
    }

    /// `GET /admin/connection-status/{country}/{party}`: the status of the platform that serves a party.
    private func status(country: String, party: String) -> Response {
        guard let party = PartyID(country: country, party: party) else {
            return problem(.badRequest, "the path must end in a country code and a party id, like /DE/CPO")
        }
        let directory = store.directory
        guard let claim = directory.claim(of: party) else { return problem(.notFound, "\(party) is not connected to this node") }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: directory.status(of: claim.platform).rawValue)))
    }

    /// `GET /admin/platforms`: every platform, without its tokens.
    private func platforms() -> Response {
        let directory = store.directory
        return json(
            .ok,
            .array(
                directory.platforms.map { platform in
                    .object([
                        "id": .string(platform.id), "status": .string(directory.status(of: platform.id).rawValue),
                        "roles": .array(
                            platform.roles.map { ["role": .string($0.role), "party": .string($0.party.description)] }),
                        "invited": .array(platform.invited.map { .string($0.description) }),
                        "version": platform.version.map { .string($0.rawValue) },
                        "versions_url": platform.versionsURL.map(JSONValue.string),
                        "endpoints": .number(String(directory.endpoints(of: platform.id).count)),
                    ])
                }))
    }
}

/// Lets only the operator in.
private struct AdminKey<Context: RequestContext>: RouterMiddleware {
    let hash: String

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        // Compared by SHA-256: how long this takes says nothing about the key.
        let presented = request.headers[.authorization].map(Token.readings(authorization:)) ?? []
        guard presented.contains(where: { TokenHash.of($0) == hash }) else {
            return problem(.unauthorized, "send the operator's key as 'Authorization: Token <key>'")
        }
        return try await next(request, context)
    }
}

private func json(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
    Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: value.encoded()))
}

private func problem(_ status: HTTPResponse.Status, _ message: String) -> Response {
    json(status, ["error": .string(message)])
}
