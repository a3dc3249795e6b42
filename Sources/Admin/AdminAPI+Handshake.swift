import Credentials
import Directory
import Encoding
import Hummingbird
import NIOCore
import OCPI

// Registrations that the operator starts, renews and ends.

extension AdminAPI {
    /// `POST /admin/platform/{id}/start-handshake`: registers this node with the platform.
    func connect(_ parameters: Parameters) async -> Response {
        await answer { () throws(OCPIError) in
            let platform = try await handshake.start(parameters.get("id") ?? "")
            return json(.ok, platform.details(in: state.directory()))
        }
    }

    /// `POST /admin/platform/{id}/update-credentials`: exchanges new tokens with the platform and reads its current endpoints.
    func renew(_ parameters: Parameters) async -> Response {
        await answer { () throws(OCPIError) in
            let platform = try await handshake.renew(parameters.get("id") ?? "")
            return json(.ok, platform.details(in: state.directory()))
        }
    }

    /// `POST /admin/platform/{id}/verify-credentials`: requests the platform's credentials object and returns it without the token.
    func verify(_ parameters: Parameters) async -> Response {
        await answer { () throws(OCPIError) in
            let peer = try await handshake.verify(parameters.get("id") ?? "")
            return json(.ok, ["url": .string(peer.versionsURL), "roles": .array(peer.roles.map(\.json))])
        }
    }

    /// `DELETE /admin/platform/{id}`: ends the registration.
    func disconnect(_ id: String) async -> Response {
        await answer { () throws(OCPIError) in
            let isTold = try await handshake.disconnect(id)
            return json(.ok, ["id": .string(id), "told": .bool(isTold)])
        }
    }

    /// `DELETE /admin/platform-by-party/{country}/{party}`: ends the registration of the platform that serves a party.
    func disconnectParty(_ parameters: Parameters) async -> Response {
        guard let party = parameters.party else { return badPartyPath() }
        guard let platform = state.directory().platform(of: party) else {
            return problem(.notFound, "\(party) is not connected to this node")
        }
        return await disconnect(platform.id)
    }

    /// `PUT /admin/platform/{id}/token-encoding`: sets how the platform expects this node's token in `Authorization`.
    func setEncoding(_ request: Request, _ parameters: Parameters) async throws -> Response {
        let body = try await request.body.collect(upTo: 1024)
        let example = #"{"encoding":"plain"} or {"encoding":"base64"}"#
        let written = try AdminBody(try AdminBody.json(body, like: example), members: ["encoding"]).string("encoding")
        guard let encoding = written.flatMap(TokenEncoding.init(rawValue:)) else {
            return problem(.badRequest, "encoding must be as in \(example)")
        }
        return await update(parameters.get("id") ?? "", what: "the encoding") { $0.tokenEncoding = encoding }
    }

    /// The response of `work`, or its error: 404 for an unknown platform, 409 for one in the wrong state or with roles that must not be
    /// served here, 502 for a fault of the platform, 503 if the state could not be written.
    func answer(_ work: () async throws(OCPIError) -> Response) async -> Response {
        do throws(OCPIError) {
            return try await work()
        } catch {
            switch (error.kind, error.code) {
            case (.notFound, _): return problem(.notFound, error.message)
            case (.methodNotAllowed, _), (_, .invalidParameters): return problem(.conflict, error.message)
            case (_, .serverError): return problem(.serviceUnavailable, error.message)
            default: return problem(.badGateway, "\(error)")
            }
        }
    }

    func badPartyPath() -> Response {
        problem(.badRequest, "the path must end in a country code and a party id, like /DE/CPO")
    }
}

extension Parameters {
    /// The party that `:country` and `:party` name.
    var party: PartyID? { PartyID(country: get("country") ?? "", party: get("party") ?? "") }
}

extension Platform {
    /// What an operator sees of a platform: no tokens, no hashes.
    func summary(in directory: Directory) -> KeyValuePairs<String, JSONValue?> {
        let invitations = invited.map { party in
            JSONValue.object(["party": .string(party.description), "expires": invitedUntil[party].map { .string($0.description) }])
        }
        return [
            "id": .string(id), "status": .string(directory.status(of: id).rawValue),
            "roles": .array(roles.map { ["role": .string($0.role), "party": .string($0.party.description)] }),
            "invited": .array(invited.map { .string($0.description) }),
            "invitations": .array(invitations),
            "invitation_expires": tokenAHash == nil ? nil : tokenAExpires.map { .string($0.description) },
            "version": version.map { .string($0.rawValue) },
            "versions_url": versionsURL.map(JSONValue.string), "token_encoding": .string(tokenEncoding.rawValue),
            "endpoints": .number(String(directory.endpoints(of: id).count)),
            "origins": .array(directory.furtherOrigins(of: id).map(JSONValue.string)),
        ]
    }

    /// Like ``summary(in:)``, with the endpoints themselves.
    func details(in directory: Directory) -> JSONValue {
        let endpoints = directory.endpoints(of: id).map { endpoint -> JSONValue in
            [
                "identifier": .string(endpoint.module.rawValue), "role": .string(endpoint.interface.rawValue), "url": .string(endpoint.url),
            ]
        }
        let members = JSONValue.object(summary(in: directory)).members ?? []
        return .object(members.map { $0.name == "endpoints" ? JSONMember(name: $0.name, value: .array(endpoints)) : $0 })
    }
}
