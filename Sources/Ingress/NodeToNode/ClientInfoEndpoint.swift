import Directory
import Encoding
import Hummingbird
import Logging
import NIOCore
import Notary
import OCPI
import Topics

/// `PUT /ocn/client-info`: another node reports the status of one of its parties (OCN node 1.1). CONTROL passes it on to the platforms of
/// this node.
struct ClientInfoEndpoint: Sendable {
    /// Operator address of this node, lower case.
    let nodeAddress: String
    let dependencies: IngressDependencies
    let staleReadRetry: StaleReadRetry
    let bodyReader: BodyReader
    let logger: Logger

    func respond(_ request: Request, _ head: RequestHead, _ context: IngressContext) async throws -> Response {
        guard head.method == .put else { throw OCPIError.notAvailable(head.method, but: [.put]) }
        guard let signature = head.signature else { throw ClientInfoEndpoint.refused("OCN-Signature header is missing") }
        guard NodeSignature.isWellFormed(signature) else { throw ClientInfoEndpoint.unsigned }
        return try await bodyReader.withBody(of: request, head, context) { (body) -> (ClientInfo, NetworkNode, Directory) in
            guard let body else { throw ClientInfoEndpoint.refused("The ClientInfo is missing") }
            // Only the party is parsed before the signature is verified, so that an unauthenticated caller cannot make the node build
            // trees.
            let (node, directory) = try await home(of: try ClientInfoEndpoint.party(in: body))
            try ClientInfoEndpoint.verify(body, signature, by: node)
            let info = try ClientInfoEndpoint.info(body, now: dependencies.now())
            // Every role of a party is stored and announced to all platforms, so a node must not invent roles.
            guard directory.networkParty(info.party)?.mayHave(role: info.role) == true else {
                throw ClientInfoEndpoint.refused("role is none of OCPI and none the registry lists for \(info.party)")
            }
            return (info, node, directory)
        } name: {
            $0.1.operatorAddress
        } _: { info, _, directory in
            try await store(info, in: directory)
            return .envelope(Envelope.success(), ResponseAddress(head))
        }
    }

    // MARK: Checks

    /// The party that a ClientInfo is about, found without building a tree.
    private static func party(in body: ByteBuffer) throws(OCPIError) -> PartyID {
        let twice: String?
        do throws(JSONError) {
            twice = try JSONScanner.repeated(among: members.map { [$0] }, in: body.readableBytesUInt8Span)
        } catch {
            throw unparsable
        }
        if let twice { throw refused("\(twice) stands twice in the ClientInfo") }
        guard let country = body.jsonString(["country_code"]), let id = body.jsonString(["party_id"]),
            let party = PartyID(country: country, party: id)
        else { throw noClientInfo }
        return party.canonical
    }

    /// The members that may occur only once.
    private static let members = ["country_code", "party_id", "role", "status", "last_updated"]

    /// Parses the ClientInfo in the body.
    /// - Parameter now: by Kafka's clock.
    private static func info(_ body: ByteBuffer, now: Timestamp) throws(OCPIError) -> ClientInfo {
        guard let json = try? JSONValue.parse(body) else { throw unparsable }
        guard var info = ClientInfo(json: json) else { throw noClientInfo }
        info.party = info.party.canonical
        info.role = info.role.uppercased()
        // The newest update wins, so one from the future would block all later ones, including those of the party's next node.
        guard info.lastUpdated <= RecordBounds(now: now).latest else { throw refused("last_updated is in the future") }
        return info
    }

    /// The node that may report the status of a party.
    private func home(of party: PartyID) async throws(OCPIError) -> (NetworkNode, Directory) {
        do {
            let (node, directory) = try await staleReadRetry.ask { directory throws(OCPIError) in
                guard let listed = directory.networkParty(party), let node = directory.node(of: party) else {
                    throw OCPIError.unknownReceiver(party)
                }
                guard listed.operatorAddress != nodeAddress, directory.platform(of: party) == nil else {
                    throw OCPIError(code: .unknownReceiver, message: "\(party) is a party of this node")
                }
                return node
            }
            return (node, directory)
        } catch {
            // Here an unknown party is an invalid parameter. The error had the other code to make the newest state be read.
            throw ClientInfoEndpoint.refused(error.message)
        }
    }

    /// The signature must match the received bytes; no canonical form is tried, because every signer of this request signs what it sends.
    static func verify(_ body: ByteBuffer, _ signature: String, by node: NetworkNode) throws(OCPIError) {
        guard let address = EthereumAddress(hex: node.operatorAddress), NodeSignature.signer(of: body, signature: signature) == address
        else { throw unsigned }
    }

    private static let unsigned = refused("The ClientInfo is not signed by the operator of the party's node")

    private static let unparsable = OCPIError(code: .invalidParameters, message: "The body is not valid JSON", kind: .unparsable)
    private static let noClientInfo = refused("The body is not a ClientInfo")

    private static func refused(_ message: String) -> OCPIError { OCPIError(code: .invalidParameters, message: message) }

    // MARK: State

    /// Stores the info if it is newer than the stored one. Reports may arrive in any order.
    private func store(_ info: ClientInfo, in directory: Directory) async throws(OCPIError) {
        if let known = directory.toldClientInfo(info.party, role: info.role), known.lastUpdated >= info.lastUpdated { return }
        do throws(StateError) {
            try await dependencies.write([.put(.clientInfo(info))])
        } catch {
            logger.error("a client info could not be stored", metadata: ["party": "\(info.party)", "error": "\(error)"])
            throw OCPIError(code: .serverError, message: "The node could not store the ClientInfo, try again")
        }
    }
}
