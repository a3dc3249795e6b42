import Encoding
import Notary
import Testing

/// Signatures made like those of the notary libraries for JavaScript and the JVM. The text holds fields, hash, rsv, signatory and rewrites.
struct NotaryVector: Sendable, CustomTestStringConvertible {
    let name: String
    let numbers: NumberDialect
    /// The values that the party signed: headers, params and body as JSON.
    let values: String
    /// The received values, if they differ from the signed ones.
    let received: String?
    /// The changes of hubs on the way, one list for each hub.
    let rewrites: [[(place: SignedPlace, value: JSONValue)]]
    let encoding: SignatureEncoding
    let text: String
    /// False if the party signed in an order that we never use.
    let isOurOrder: Bool
    /// Whether every non-empty value that arrived is signed.
    let isCovered: Bool
    let refusal: SignatureError?

    init(
        _ name: String, _ numbers: NumberDialect, values: String, received: String? = nil,
        rewrites: [[(place: SignedPlace, value: JSONValue)]] = [], encoding: SignatureEncoding, isOurOrder: Bool = true,
        isCovered: Bool = true, refusal: SignatureError? = nil, text: String
    ) {
        self.name = name
        self.numbers = numbers
        self.values = values
        self.received = received
        self.rewrites = rewrites
        self.encoding = encoding
        self.isOurOrder = isOurOrder
        self.isCovered = isCovered
        self.refusal = refusal
        self.text = text
    }

    var testDescription: String { "\(name), \(encoding)" }
}
