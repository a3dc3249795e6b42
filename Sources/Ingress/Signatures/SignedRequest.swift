import Encoding
import NIOCore
import Notary
import OCPI

/// A request as its sender wrote it, with the party's signature if there is one.
struct SignedRequest: Sendable {
    /// `OCN-Signature` of the sending party.
    var signature: String?
    /// The party that sends the request.
    var from: PartyID
    /// The receiving party; nil for the hub, and as long as open routing has not determined it.
    var to: PartyID?
    /// The headers that a signature covers, by lower-case name, with their received values.
    var headers: [String: String]
    /// Query parameters, decoded.
    var params: [JSONMember]
    /// The body as received. The body of a custom module is signed as text, whatever it contains.
    var body: ByteBuffer?
    /// Whether it is a request to a custom module.
    var isCustom: Bool
    /// Whether the request is unchanged since it was signed, so that everything in it was there then.
    var isVerbatim: Bool

    /// A request of a party that is connected here.
    ///
    /// Headers that the party omitted were not signed, so values that the node inserted do not count.
    init(_ head: RequestHead, from: PartyID, to: PartyID?, isCustom: Bool, body: ByteBuffer?) {
        signature = head.signature
        self.from = from
        self.to = to
        headers = SignedRequest.headers(
            correlationID: head.correlationID, fromCountry: head.fromCountry, fromParty: head.fromParty, toCountry: head.toCountry,
            toParty: head.toParty)
        params = PercentText.pairs(head.query ?? "").map { JSONMember(name: $0.name, value: .string($0.value)) }
        self.body = body
        self.isCustom = isCustom
        isVerbatim = true
    }

    /// A request that another node forwards. Reference nodes serialise it again and may add defaults.
    init(_ message: OCNMessage) {
        signature = message.signature
        from = message.sender
        to = message.receiver
        headers = SignedRequest.headers(
            correlationID: message.correlationID, fromCountry: message.sender.country, fromParty: message.sender.party,
            toCountry: message.receiver.country, toParty: message.receiver.party)
        params = message.query?.members ?? []
        body = message.body
        isCustom = message.isCustom
        isVerbatim = false
    }

    /// The values that are signed.
    /// - Throws: 2001 for a body that cannot be signed.
    func values() throws(OCPIError) -> SignableValues {
        SignableValues.request(params: params, body: try signedBody()) { headers[$0] }
    }

    private func signedBody() throws(OCPIError) -> JSONValue? {
        guard let body, body.readableBytes > 0 else { return nil }
        if isCustom {
            guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
                throw OCPIError(code: .invalidParameters, message: "The body is not UTF-8 and cannot have been signed")
            }
            return .string(text)
        }
        do {
            return try JSONValue.parse(body)
        } catch {
            throw OCPIError(code: .invalidParameters, message: "The body is \(error)", kind: .unparsable)
        }
    }

    private static func headers(
        correlationID: String?, fromCountry: String?, fromParty: String?, toCountry: String?, toParty: String?
    ) -> [String: String] {
        let values = [
            "x-correlation-id": correlationID, "ocpi-from-country-code": fromCountry, "ocpi-from-party-id": fromParty,
            "ocpi-to-country-code": toCountry, "ocpi-to-party-id": toParty,
        ]
        return values.compactMapValues { $0 }
    }
}
