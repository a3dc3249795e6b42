package import Directory
import Encoding
package import Logging
package import NIOCore
import NIOHTTP1
package import OCPI
package import Outbound

/// Calls a platform for the node itself, without routing headers: versions, version details, credentials.
package struct PeerClient: Sendable {
    /// A platform's version and endpoints.
    package struct Description: Sendable {
        /// The version of the endpoints.
        package let version: OCPIVersion
        /// The encoding of our token that the platform accepted.
        package let encoding: TokenEncoding
        /// The advertised endpoints, in their order.
        package let endpoints: [Endpoint]

        package init(version: OCPIVersion, encoding: TokenEncoding, endpoints: [Endpoint]) {
            self.version = version
            self.encoding = encoding
            self.endpoints = endpoints
        }

        /// The URL of the credentials module, whatever its advertised role.
        package var credentialsURL: String? { endpoints.first { $0.module == .credentials }?.url }
    }

    /// Sends one request, with a JSON body if there is one. Throws 3001 without an answer, in which case the platform may have received the
    /// request.
    package let ask:
        @Sendable (_ method: Method, _ url: String, _ authorization: String, _ body: ByteBuffer?) async throws(OCPIError) -> PeerAnswer

    package init(
        ask:
            @escaping @Sendable (_ method: Method, _ url: String, _ authorization: String, _ body: ByteBuffer?) async throws(OCPIError) ->
            PeerAnswer
    ) {
        self.ask = ask
    }

    /// Fetches the versions, then the details of one version.
    ///
    /// - Parameters:
    ///   - url: the URL of the platform's versions.
    ///   - token: the token for the calls.
    ///   - encoding: the first encoding of the token to try. If it is refused the other one is tried: older peers expect the plain token.
    ///   - version: the version to describe; nil for the highest that both sides support.
    /// - Throws: 3001 if an answer is missing or unusable, 3002 without a common version, 3003 if only configuration modules are
    ///   advertised.
    package func describe(
        _ url: String, _ token: Token, trying encoding: TokenEncoding = .base64, _ version: OCPIVersion? = nil
    ) async throws(OCPIError) -> Description {
        var encoding = encoding
        var versions = try await ask(.get, url, token.authorization(encoding: encoding), nil)
        if versions.refusesToken {
            encoding = encoding == .base64 ? .plain : .base64
            versions = try await ask(.get, url, token.authorization(encoding: encoding), nil)
        }
        let chosen = if let version { (version: version, url: try versions.detailsURL(of: version)) } else { try versions.highestVersion() }
        let endpoints = try await ask(.get, chosen.url, token.authorization(encoding: encoding), nil).endpoints()
        guard endpoints.contains(where: { ![.credentials, .versions].contains($0.module) }) else {
            throw OCPIError(
                code: .noMatchingEndpoints, message: "The platform advertises no module for version \(chosen.version.rawValue)")
        }
        return Description(version: chosen.version, encoding: encoding, endpoints: endpoints)
    }
}

extension PeerClient {
    private static let deadline = TimeAmount.seconds(10)
    /// The time limit of a handshake request: the platform calls this node back before it answers.
    private static let handshakeDeadline = TimeAmount.seconds(30)
    private static let answerLimit = 256 * 1024

    /// - Parameters:
    ///   - client: calls the platforms; their answers may have up to 256 KiB.
    ///   - logger: reports failed calls.
    package init(_ client: OutboundClient, logger: Logger) {
        let client = client.limited(to: PeerClient.answerLimit)
        self.init { method, url, authorization, body throws(OCPIError) in
            var headers = HTTPHeaders()
            headers.add(name: OCPIHeader.authorization, value: authorization)
            headers.add(name: OCPIHeader.requestID, value: UUIDText.v4())
            headers.add(name: OCPIHeader.correlationID, value: UUIDText.v4())
            headers.add(name: "Accept", value: "application/json")
            if body != nil { headers.add(name: "Content-Type", value: "application/json") }
            let limit = body == nil ? PeerClient.deadline : PeerClient.handshakeDeadline
            let response: OutboundResponse
            do throws(OutboundFailure) {
                response = try await client.answer(
                    to: OutboundRequest(url: url, method: method, headers: headers, body: body), deadline: .now() + limit)
            } catch {
                logger.info("a platform could not be reached", metadata: ["url": "\(url)", "error": "\(error)"])
                throw OCPIError(code: .unableToUseClientAPI, message: "\(url) could not be reached: \(error.reason)")
            }
            do throws(UnreadableCoding) {
                let plain = try response.decoded(upTo: PeerClient.answerLimit)
                return PeerAnswer(httpStatus: plain.status, body: plain.body)
            } catch {
                logger.info("a platform's answer could not be read", metadata: ["url": "\(url)", "error": "\(error)"])
                throw OCPIError(code: .unableToUseClientAPI, message: "The answer of \(url) could not be used: \(error)")
            }
        }
    }
}
