package import Credentials
import Directory
import Encoding
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
package import OCPI

/// The private API for operators: invites, connects, shows and disconnects platforms. It has the paths of the reference OCN node where that
/// has them. Tokens are shown only once, when they are issued.
package struct AdminAPI: Sendable {
    let state: SharedState
    let handshake: Handshake
    private let keyHash: String
    private let publicURL: String
    private let wrongKeys = WrongKeys()
    private let logger: Logger
    private let isKafkaUnavailable: @Sendable () -> Bool

    /// - Parameters:
    ///   - state: reads platforms and writes invitations.
    ///   - handshake: connects this node to platforms, renews and disconnects.
    ///   - key: the operator's key; every call must have `Authorization: Token <key>`, plain or base64.
    ///   - publicURL: the URL at which parties reach this node.
    ///   - logger: receives a line for every invitation, and errors.
    ///   - isKafkaUnavailable: whether Kafka is known to be unavailable, so that nothing can be written.
    package init(
        state: SharedState, handshake: Handshake, key: Token, publicURL: String, logger: Logger,
        isKafkaUnavailable: @escaping @Sendable () -> Bool = { false }
    ) {
        self.state = state
        self.handshake = handshake
        keyHash = TokenHash.of(key)
        self.publicURL = publicURL
        self.logger = logger
        self.isKafkaUnavailable = isKafkaUnavailable
    }

    /// Adds the routes below `/admin`.
    package func addRoutes(to router: Router<some RequestContext>) {
        router.add(middleware: AdminRefusals())
        let admin = router.group("admin").add(middleware: AdminKey(hash: keyHash, wrong: wrongKeys, logger: logger))
            .add(middleware: WritesNeedKafka(isKafkaUnavailable: isKafkaUnavailable))
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
        guard let platform = directory.platform(of: party) else {
            return problem(.notFound, "\(party) is not connected to this node")
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: directory.status(of: platform.id).rawValue)))
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

    /// `POST /admin/generate-registration-token`: a new token A for the parties in the body.
    private func invite(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 64 * 1024)
        let invited = try invitedParties(try AdminBody.json(body, like: InvitedParties.example))
        return await issueToken(for: invited.parties, notes: invited.notes, .ok)
    }

    /// `POST /admin/platform/{id}/parties`: adds parties that the platform may serve. A connected platform adds them with its next PUT of
    /// credentials; one that waits for a handshake may register with them.
    private func inviteMore(_ request: Request, _ parameters: Parameters) async throws -> Response {
        let body = try await request.body.collect(upTo: 64 * 1024)
        let id = parameters.get("id") ?? ""
        guard state.directory().platform(id: id) != nil else { return problem(.notFound, "there is no such platform") }
        let invited = try invitedParties(try AdminBody.json(body, like: InvitedParties.example))
        let end = end()
        return await update(id, what: "the invitation", notes: invited.notes) { $0.invite(invited.parties, until: end) }
    }

    /// Changes a platform's record and returns it.
    /// - Parameter what: what is stored, as the subject of an error message.
    func update(
        _ id: String, what: String, notes: [String] = [], _ edit: (inout Platform) -> Void
    ) async -> Response {
        do throws(StateError) {
            guard let platform = try await state.update(id, edit) else { return problem(.notFound, "there is no such platform") }
            return json(.ok, noted(.object(platform.summary(in: state.directory())), notes))
        } catch {
            return problem(.serviceUnavailable, "\(what) could not be stored; try again")
        }
    }

    private func invitedParties(_ list: JSONValue) throws(AdminFault) -> InvitedParties {
        try InvitedParties(list, nodeAddress: handshake.nodeAddress, hub: handshake.hubParty, in: state.directory())
    }

    /// When an invitation issued now expires.
    private func end() -> Timestamp { Timestamp.now.adding(milliseconds: Platform.invitationLifetime) }

    /// The answer with notes for the operator.
    private func noted(_ answer: JSONValue, _ notes: [String]) -> JSONValue {
        guard !notes.isEmpty, let members = answer.members else { return answer }
        return .object(members + [JSONMember(name: "notes", value: .array(notes.map(JSONValue.string)))])
    }

    /// `POST /admin/platform`: adds a platform that this node will register with, or issues a token A for one that will register here.
    private func create(_ request: Request) async throws -> Response {
        let json = try AdminBody.json(try await request.body.collect(upTo: 64 * 1024), like: #"{"handshakeSelfInitiated":false}"#)
        let body = try AdminBody(json, members: ["handshakeSelfInitiated", "tokenA", "platformVersionsUrl", "parties"])
        let (given, token, url) = (
            try body.bool("handshakeSelfInitiated"), try body.string("tokenA"), try body.string("platformVersionsUrl")
        )
        let list = json["parties"] ?? .null
        let named = try list.isNull ? nil : invitedParties(list)
        let (parties, notes) = (named?.parties ?? [], named?.notes ?? [])
        guard given == true else {
            guard token == nil else {
                return problem(.badRequest, "tokenA is only for handshakeSelfInitiated: true; otherwise this node makes it")
            }
            guard url == nil else {
                return problem(
                    .badRequest,
                    "platformVersionsUrl is only for handshakeSelfInitiated: true; otherwise the platform tells it when it registers")
            }
            return await issueToken(for: parties, notes: notes, .created)
        }
        guard let token, 1...64 ~= token.utf8.count, token.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            return problem(.badRequest, "tokenA must have 1 to 64 printable ASCII characters")
        }
        guard let url, url.utf8.count <= 255 else {
            return problem(.badRequest, "platformVersionsUrl must be an absolute http or https URL of at most 255 characters")
        }
        if let defect = URLJoin.defect(of: url) { return problem(.badRequest, "platformVersionsUrl \(defect)") }
        return await answer { () throws(OCPIError) in
            let platform = try await handshake.prepare(Token(token), versionsURL: url, invited: parties)
            return Admin.json(.created, noted(.object(platform.summary(in: state.directory())), notes))
        }
    }

    private func issueToken(for parties: [PartyID], notes: [String] = [], _ status: HTTPResponse.Status) async -> Response {
        let token = Token.generate()
        let expires = end()
        var platform = Platform(id: UUIDText.v4(), tokenAHash: TokenHash.of(token), tokenAExpires: expires, revision: 1)
        platform.invite(parties, until: expires)
        do {
            try await state.write([.put(.status(platform: platform.id, .planned, .now)), .put(.platform(platform))])
        } catch {
            logger.error("cannot invite", metadata: ["error": "\(error)"])
            return problem(.serviceUnavailable, "the invitation could not be stored; try again")
        }
        logger.info("invited", metadata: ["parties": "\(parties.map(\.description).joined(separator: " "))", "platform": "\(platform.id)"])
        let answer: JSONValue = [
            "id": .string(platform.id), "token": .string(token.raw), "versions": .string(publicURL + Route.versions.path),
            "expires": .string(expires.description),
        ]
        return json(status, noted(answer, notes))
    }
}
