import AsyncHTTPClient
import Directory
import Logging
import NIOCore
import NIOHTTP1
import OCPI
import Wire

/// Asks a platform for its versions and endpoints during the credentials handshake.
struct PeerClient: Sendable {
    /// What a platform told about itself.
    struct Description: Sendable {
        /// The encoding of our token that it accepted.
        let encoding: TokenEncoding
        let endpoints: [Endpoint]
    }

    /// GET of a URL with an `Authorization` value.
    let get: @Sendable (_ url: String, _ authorization: String) async throws(OCPIError) -> PeerAnswer

    /// Versions first, then the details of one version. The token goes out in base64; if that is refused, plain, as older peers want it.
    func describe(_ peer: PeerCredentials, _ version: OCPIVersion) async throws(OCPIError) -> Description {
        var encoding = TokenEncoding.base64
        var versions = try await get(peer.versionsURL, peer.token.authorization(encoding: encoding))
        if versions.refusesToken {
            encoding = .plain
            versions = try await get(peer.versionsURL, peer.token.authorization(encoding: encoding))
        }
        let url = try versions.detailsURL(of: version)
        let details = try await get(url, peer.token.authorization(encoding: encoding))
        return Description(encoding: encoding, endpoints: try details.endpoints())
    }
}

extension PeerClient {
    private static let deadline = TimeAmount.seconds(10)
    private static let answerLimit = 1024 * 1024

    /// - Parameter client: must not follow redirects and must check the addresses it dials.
    init(_ client: HTTPClient, logger: Logger) {
        get = { url, authorization throws(OCPIError) in
            var request = HTTPClientRequest(url: url)
            request.headers.add(name: OCPIHeader.authorization, value: authorization)
            request.headers.add(name: OCPIHeader.requestID, value: UUIDText.v4())
            request.headers.add(name: OCPIHeader.correlationID, value: UUIDText.v4())
            request.headers.add(name: "Accept", value: "application/json")
            do {
                let response = try await client.execute(request, deadline: .now() + PeerClient.deadline)
                let body = try await response.body.collect(upTo: PeerClient.answerLimit)
                return PeerAnswer(httpStatus: Int(response.status.code), body: body)
            } catch {
                logger.info("a platform could not be asked", metadata: ["url": "\(url)", "error": "\(error)"])
                throw OCPIError(code: .unableToUseClientAPI, message: "Your \(url) could not be reached or did not answer in time")
            }
        }
    }
}
