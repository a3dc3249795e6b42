import Encoding
import NIOCore
import Notary
import OCPI

/// A request as its sender wrote it, with the party's signature if there is one.
struct SignedRequest: Sendable {
    /// `OCN-Signature` of the sending party.
    var signature: String?
    /// The party that asks.
    var from: PartyID
    /// The party that is asked; nil for everybody, and while the hub has not found out.
    var to: PartyID?
    /// The signed headers that came, by lower-case name, spelled as they came.
    var headers: [String: String]
    /// Query parameters, decoded.
    var params: [JSONMember]
    /// As it came; the body of a custom module is signed as one text, whatever is in it.
    var body: ByteBuffer?
    /// Calls a custom module.
    var isCustom: Bool
    /// Nobody has written it anew since it was signed, so that whatever is in it was in it then.
    var isVerbatim: Bool

    /// A request of a party that is connected here.
    ///
    /// Headers that the party left out were not signed, so what the node put in their place does not count.
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

    /// A request that another node passes on. Reference nodes write it anew: they may have added defaults.
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

    /// What was to be signed.
    /// - Throws: 2001 for a body that cannot have been.
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
