import Encoding
import Instruments
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Topics

/// Signs a message again of which this node changed something that its party had signed (OCN Notary): the old value and the old
/// signature stay in the new one, so that whoever reads it can undo the change and check both.
///
/// A signature that is unreadable or does not fit its message stays as it is, and is counted: signing again would not make it better.
enum Resigning {
    private static let untouched = ResigningMetrics().untouched

    /// Makes the counter, so that it is shown before there is anything to count.
    static func prepare() { _ = untouched }

    // MARK: Requests

    /// A request that another party than the one it was written for shall see: its signature is made to fit `request.to`.
    /// - Parameter originalReceiver: whom the sender wrote to. Start from the sender's own signature for each copy.
    static func copy(_ request: RequestRecord, originalReceiver: PartyID, key: SigningKey) -> RequestRecord {
        var original = request
        original.to = originalReceiver
        var changes: [FactChange] = []
        if request.to.country != originalReceiver.country { changes.append((.toCountry, .string(request.to.country))) }
        if request.to.party != originalReceiver.party { changes.append((.toParty, .string(request.to.party))) }
        return self.request(request, from: original, changes, key: key)
    }

    /// A broadcast, which its sender wrote to the hub and which the hub passes on in its own name: its sender's signature is made to fit.
    /// - Parameter original: from whom to whom the signature was made.
    static func broadcast(_ request: RequestRecord, original route: AnnouncementRecord.Route, key: SigningKey) -> RequestRecord {
        var original = request
        (original.from, original.to) = (route.from, route.to)
        var changes: [FactChange] = []
        func change(_ place: SignedPlace, _ old: String, _ new: String) {
            if old != new { changes.append((place, .string(new))) }
        }
        change(.fromCountry, route.from.country, request.from.country)
        change(.fromParty, route.from.party, request.from.party)
        change(.toCountry, route.to.country, request.to.country)
        change(.toParty, route.to.party, request.to.party)
        return self.request(request, from: original, changes, key: key)
    }

    typealias FactChange = (place: SignedPlace, value: JSONValue)

    /// - Parameters:
    ///   - changed: the request as it will be sent, but for its signature.
    ///   - original: the request that the signature fits.
    ///   - changes: in which signed places they differ, and what stands there now.
    static func request(_ changed: RequestRecord, from original: RequestRecord, _ changes: [FactChange], key: SigningKey) -> RequestRecord {
        guard let signature = original.signature, !changes.isEmpty else { return changed }
        var changed = changed
        if let values = values(of: original), let rewritten = rewritten(signature, values, changes, key: key) {
            changed.signature = rewritten
        } else {
            untouched.increment()
        }
        return changed
    }

    /// What the sender of a request signs. Nil if its body is not what its module needs.
    static func values(of request: RequestRecord) -> SignableValues? {
        let headers = [
            "x-correlation-id": request.correlationID,
            "ocpi-from-country-code": request.from.country, "ocpi-from-party-id": request.from.party,
            "ocpi-to-country-code": request.to.country, "ocpi-to-party-id": request.to.party,
        ]
        let params = PercentText.pairs(request.query ?? "").map { JSONMember(name: $0.name, value: .string($0.value)) }
        var body: JSONValue?
        if let bytes = request.body {
            // The body of a custom module is an opaque text.
            body =
                request.module.ocnName == nil
                ? String(validating: bytes.readableBytesView, as: UTF8.self).map(JSONValue.string) : try? JSONValue.parse(bytes)
            guard body != nil else { return nil }
        }
        return .request(params: params, body: body) { headers[$0] }
    }

    // MARK: Answers

    /// Whether a body has a signature.
    static func isSigned(_ body: ByteBuffer) -> Bool { body.jsonString(["ocn_signature"]) != nil }

    /// The body of an answer whose header at `place` this node replaced by `value`. Only the member `ocn_signature` changes; an answer
    /// without one is not even parsed.
    /// - Parameter headers: the answer's headers as they came.
    static func answer(
        _ body: ByteBuffer, _ headers: HTTPHeaders, replacing place: SignedPlace, by value: String, key: SigningKey
    ) -> ByteBuffer {
        let found: Range<Int>?
        do throws(JSONError) {
            found = try body.jsonRange(of: ["ocn_signature"])
        } catch {
            if error.isRepetition { untouched.increment() }
            return body
        }
        guard let found, let signature = JSONScanner.string(at: found, in: body.readableBytesUInt8Span) else { return body }
        guard let envelope = try? JSONValue.parse(body) else {
            untouched.increment()
            return body
        }
        let values = SignableValues.response(envelope: envelope) { name in
            let values = headers[name]
            return values.isEmpty ? nil : values.joined(separator: ", ")
        }
        guard let rewritten = rewritten(signature, values, [(place, .string(value))], key: key) else {
            untouched.increment()
            return body
        }
        return body.replacing(found, with: JSONValue.string(rewritten).encoded().readableBytesView)
    }

    // MARK: Both

    /// In the encoding it came in. Nil if it is unreadable or does not fit.
    private static func rewritten(_ text: String, _ values: SignableValues, _ changes: [FactChange], key: SigningKey) -> String? {
        do throws(SignatureError) {
            let signature = try OCNSignature(text: text)
            let numbers = try signature.verify(values).numbers
            var values = values
            var changes = changes
            // A header that was not signed is one the hub added (open routing: the sender named no receiver). Undoing must take it away.
            for header in values.headers {
                let place = SignedPlace.header(header.name)
                if signature.fields.contains(place.path) || signature.fields.contains(where: { $0.lowercased() == place.path }) { continue }
                values.headers.removeAll { $0.name == header.name }
                if !changes.contains(where: { $0.place == place }) { changes.append((place, header.value)) }
            }
            return try signature.rewritten(&values, changes, with: key, numbers: numbers).text(OCNSignature.encoding(of: text))
        } catch {
            return nil
        }
    }
}
