package import Credentials
import Directory
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
package import OCPI
import Wire

/// The private API for operators: invites platforms, connects to platforms, tells how they are and lets them go. Same paths as the
/// reference OCN node where it has them; tokens are shown once, when they are issued, and never again.
package struct AdminAPI: Sendable {
    let state: SharedState
    let handshake: Handshake
    private let keyHash: String
    private let publicURL: String
    private let invitation: Duration
    private let wrongKeys = WrongKeys()
    private let logger: Logger
    private let isKafkaAway: @Sendable () -> Bool

    /// - Parameters:
    ///   - state: where platforms are read and invitations written.
    ///   - handshake: connects this node to platforms, renews and disconnects.
    ///   - key: the operator's key; every call carries `Authorization: Token <key>`, plain or base64.
    ///   - publicURL: what parties call this node by.
    ///   - invitation: how long a token A is good for.
    ///   - logger: where invitations are told.
    ///   - isKafkaAway: whether it is known that nothing can be written at the moment.
    package init(
        state: SharedState, handshake: Handshake, key: Token, publicURL: String, invitation: Duration = .seconds(30 * 86_400),
        logger: Logger, isKafkaAway: @escaping @Sendable () -> Bool = { false }
    ) {
        self.state = state
        self.handshake = handshake
        keyHash = TokenHash.of(key)
        self.publicURL = publicURL
        self.invitation = invitation
        self.logger = logger
        self.isKafkaAway = isKafkaAway
    }

    /// Adds the routes below `/admin`.
    package func addRoutes(to router: Router<some RequestContext>) {
        let admin = router.group("admin").add(middleware: AdminKey(hash: keyHash, wrong: wrongKeys, logger: logger))
            .add(middleware: WritesNeedKafka(isKafkaAway: isKafkaAway))
        admin.post("generate-registration-token") { request, _ in try await invite(request) }
        admin.get("connection-status/:country/:party") { _, context in connectionStatus(context.parameters) }
        admin.get("platforms") { _, _ in platforms() }
        admin.post("platform") { request, _ in try await create(request) }
        admin.get("platform/:id") { _, context in one(context.parameters) }
        admin.delete("platform/:id") { _, context in await disconnect(context.parameters.get("id") ?? "") }
        admin.delete("platform-by-party/:country/:party") { _, context in await disconnectParty(context.parameters) }
        admin.post("platform/:id/parties") { request, context in try await inviteMore(request, context.parameters) }
        admin.post("platform/:id/start-handshake") { _, context in await connect(context.parameters) }
        admin.post("platform/:id/update-credentials") { _, context in await renew(context.parameters) }
        admin.post("platform/:id/verify-credentials") { _, context in await verify(context.parameters) }
        admin.put("platform/:id/origins") { request, context in try await setOrigins(request, context.parameters) }
        admin.put("platform/:id/token-encoding") { request, context in try await setEncoding(request, context.parameters) }
    }

    // MARK: Reading

    /// `GET /admin/connection-status/{country}/{party}`: the status of the platform that serves a party.
    private func connectionStatus(_ parameters: Parameters) -> Response {
        guard let party = parameters.party else { return badPartyPath() }
        let directory = state.directory()
        guard let claim = directory.claim(of: party) else { return problem(.notFound, "\(party) is not connected to this node") }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: directory.status(of: claim.platform).rawValue)))
    }

    /// `GET /admin/platforms`: every platform, without its tokens.
    private func platforms() -> Response {
        let directory = state.directory()
        return json(.ok, .array(directory.platforms.map { .object($0.summary(in: directory)) }))
    }

    /// `GET /admin/platform/{id}`: one platform with its endpoints, without its tokens.
    private func one(_ parameters: Parameters) -> Response {
        let directory = state.directory()
        guard let platform = directory.platform(id: parameters.get("id") ?? "") else {
            return problem(.notFound, "there is no such platform")
        }
        return json(.ok, platform.details(in: directory))
    }

    // MARK: Inviting

    /// `POST /admin/generate-registration-token`: a fresh token A for the parties in the body.
    private func invite(_ request: Request) async throws -> Response {
        switch parties(in: try await request.body.collect(upTo: 64 * 1024)) {
        case .success(let parties): await issueToken(for: parties, .ok)
        case .failure(let error): problem(.badRequest, error.message)
        }
    }

    /// `POST /admin/platform/{id}/parties`: further parties that this platform may act for from its next PUT of credentials on.
    private func inviteMore(_ request: Request, _ parameters: Parameters) async throws -> Response {
        let body = try await request.body.collect(upTo: 64 * 1024)
        guard var platform = state.directory().platform(id: parameters.get("id") ?? "") else {
            return problem(.notFound, "there is no such platform")
        }
        switch parties(in: body) {
        case .success(let parties): platform.invited += parties.filter { !platform.invited.contains($0) }
        case .failure(let error): return problem(.badRequest, error.message)
        }
        do {
            try await state.write([.put(.platform(platform))])
        } catch {
            return problem(.serviceUnavailable, "the invitation could not be stored; try again")
        }
        return json(.ok, .object(platform.summary(in: state.directory())))
    }

    /// The parties that are to be invited: a list of objects, none connected yet.
    private func parties(in body: ByteBuffer) -> Result<[PartyID], OCPIError> {
        func refused(_ message: String) -> Result<[PartyID], OCPIError> {
            .failure(OCPIError(code: .invalidParameters, message: message))
        }
        guard let list = (try? JSONValue.parse(body))?.array, !list.isEmpty else {
            return refused(#"the body must be a list like [{"country_code":"DE","party_id":"CPO"}]"#)
        }
        var parties: [PartyID] = []
        for entry in list {
            guard let country = entry["country_code"]?.string, let id = entry["party_id"]?.string,
                let party = PartyID(country: country, party: id)
            else { return refused("every entry needs a country_code of 2 and a party_id of 3 letters or digits") }
            guard state.directory().platform(of: party) == nil else { return refused("\(party) is already connected to this node") }
            parties.append(party)
        }
        return .success(parties)
    }

    /// `POST /admin/platform`: a platform that we are to register with, or a fresh token A for one that registers with us.
    private func create(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 64 * 1024)
        guard let json = try? JSONValue.parse(body), json.members != nil else {
            return problem(.badRequest, #"the body must be an object like {"handshakeSelfInitiated":false}"#)
        }
        guard json["handshakeSelfInitiated"]?.bool == true else {
            guard json["tokenA"] == nil || json["tokenA"]?.isNull == true else {
                return problem(.badRequest, "tokenA is only for handshakeSelfInitiated; otherwise this node makes it")
            }
            return await issueToken(for: [], .created)
        }
        guard let token = json["tokenA"]?.string, 1...64 ~= token.utf8.count, token.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            return problem(.badRequest, "tokenA must have 1 to 64 printable ASCII characters")
        }
        guard let url = json["platformVersionsUrl"]?.string, url.utf8.count <= 255 else {
            return problem(.badRequest, "platformVersionsUrl must be an absolute http or https URL of at most 255 characters")
        }
        if let defect = URLJoin.defect(of: url) { return problem(.badRequest, "platformVersionsUrl \(defect)") }
        return await answer { () throws(OCPIError) in
            let platform = try await handshake.prepare(Token(token), versionsURL: url)
            return Admin.json(.created, .object(platform.summary(in: state.directory())))
        }
    }

    private func issueToken(for parties: [PartyID], _ status: HTTPResponse.Status) async -> Response {
        let token = Token.generate()
        let expires = Timestamp.now.adding(milliseconds: Int64(invitation.components.seconds) * 1000)
        let platform = Platform(id: UUIDText.v4(), tokenAHash: TokenHash.of(token), tokenAExpires: expires, invited: parties)
        do {
            try await state.write([.put(.status(platform: platform.id, .planned, .now)), .put(.platform(platform))])
        } catch {
            logger.error("cannot invite", metadata: ["error": "\(error)"])
            return problem(.serviceUnavailable, "the invitation could not be stored; try again")
        }
        logger.info("invited", metadata: ["parties": "\(parties.map(\.description).joined(separator: " "))", "platform": "\(platform.id)"])
        return json(
            status,
            [
                "id": .string(platform.id), "token": .string(token.raw), "versions": .string(publicURL + Route.versions.path),
                "expires": .string(expires.description),
            ])
    }
}
