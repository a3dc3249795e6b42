import Encoding
import Instruments
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Topics

/// Signs a message again after this node has changed a signed value (OCN Notary). The new signature contains the old value and the old
/// signature, so that a recipient can undo the change and verify both.
///
/// A signature that is unreadable or does not match its message is passed on unchanged and counted, because signing again cannot make it
/// valid.
enum Resigning {
    private static let untouched = ResigningMetrics().untouched

    /// Registers the counter, so that it is exported with value 0.
    static func prepare() { _ = untouched }

    // MARK: Requests

    /// A request for a different recipient than the original one, with its signature adapted to `request.to`.
    /// - Parameter originalReceiver: the party that the sender addressed. Use the sender's own signature for every copy.
    static func copy(_ request: RequestRecord, originalReceiver: PartyID, key: SigningKey) -> RequestRecord {
        var original = request
        original.to = originalReceiver
        var changes: [FactChange] = []
        if request.to.country != originalReceiver.country { changes.append((.toCountry, .string(request.to.country))) }
        if request.to.party != originalReceiver.party { changes.append((.toParty, .string(request.to.party))) }
        return self.request(request, from: original, changes, key: key)
    }

    /// A broadcast, which its sender addressed to the hub and which the hub passes on in its own name, with an adapted signature.
    /// - Parameter original: the sender and receiver that the signature covers.
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
    ///   - changed: the request to be sent, before its signature is adapted.
    ///   - original: the request that the signature covers.
    ///   - changes: the signed places that differ, with their new values.
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

    /// The values of a request that its sender signs. Nil if the body does not fit its module.
    static func values(of request: RequestRecord) -> SignableValues? {
        let headers = [
            "x-correlation-id": request.correlationID,
            "ocpi-from-country-code": request.from.country, "ocpi-from-party-id": request.from.party,
            "ocpi-to-country-code": request.to.country, "ocpi-to-party-id": request.to.party,
        ]
        let params = PercentText.pairs(request.query ?? "").map { JSONMember(name: $0.name, value: .string($0.value)) }
        var body: JSONValue?
        if let bytes = request.body {
            // The body of a custom module is signed as text.
            body =
                request.module.ocnName == nil
                ? String(validating: bytes.readableBytesView, as: UTF8.self).map(JSONValue.string) : try? JSONValue.parse(bytes)
            guard body != nil else { return nil }
        }
        return .request(params: params, body: body) { headers[$0] }
    }

    // MARK: Answers

    /// Whether a body contains a signature.
    static func isSigned(_ body: ByteBuffer) -> Bool { body.jsonString(["ocn_signature"]) != nil }

    /// The body of an answer in which this node has replaced the header at `place` by `value`. Only the member `ocn_signature` changes; an
    /// unsigned answer is not parsed.
    /// - Parameter headers: the headers of the answer as received.
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

    /// The adapted signature, in the encoding of the old one. Nil if the old one is unreadable or does not match.
    private static func rewritten(_ text: String, _ values: SignableValues, _ changes: [FactChange], key: SigningKey) -> String? {
        do throws(SignatureError) {
            let signature = try OCNSignature(text: text)
            let numbers = try signature.verify(values).numbers
            var values = values
            var changes = changes
            // The hub added this header (open routing: the sender named no receiver). Undoing the change must remove it.
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
