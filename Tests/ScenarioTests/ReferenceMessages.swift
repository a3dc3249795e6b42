import Demo
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import TestParties
import Testing

/// A party's answer before it is signed.
struct ReferenceAnswer: Sendable {
    var code = 1000
    var message: String?
    var data: JSONValue?
    var headers: [(name: String, value: String)] = []
    /// Replaces the envelope, byte for byte and unsigned.
    var raw: ByteBuffer?

    /// The envelope with `ocn_signature` over itself and the signed headers.
    func signed(with key: SigningKey) -> ServerAnswer {
        let headers = headers.map { ($0.name, $0.value) }
        if let raw { return ServerAnswer(headers: headers, body: raw) }
        let envelope = JSONValue.object([
            "status_code": .int(code), "status_message": message.map(JSONValue.string), "data": data,
            "timestamp": .string(Timestamp.now.description),
        ])
        let values = SignableValues.response(envelope: envelope) { name in headers.first { $0.0.lowercased() == name }?.1 }
        guard var members = envelope.members, let text = try? OCNSignature.sign(values, with: key, numbers: .js).text(.brotli) else {
            return ServerAnswer(500, body: ByteBuffer(string: "{}"))
        }
        members.append(JSONMember(name: "ocn_signature", value: .string(text)))
        return ServerAnswer(headers: headers, body: JSONValue.object(members).encoded())
    }
}

/// The node's answer.
struct ReferenceReply: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer

    var json: JSONValue? { try? JSONValue.parse(body) }
    var code: Int? { json?["status_code"]?.int }
    var data: JSONValue? { json?["data"] }
    /// The first value of a header, by case-insensitive name.
    func header(_ name: String) -> String? { headers.first(name: name) }

    /// The statuses for failure messages, never the whole body, which may contain a token.
    var message: String { "HTTP \(status), OCPI \(code.map(String.init) ?? "none"): \(json?["status_message"]?.string ?? "")" }

    /// The `ocn_signature`, and what it proves about this body and these headers.
    func verified() throws -> (signature: OCNSignature, proof: VerifiedSignature) {
        let text = try #require(json?["ocn_signature"]?.string, "the answer is not signed: \(message)")
        let signature = try OCNSignature(text: text)
        let values = SignableValues.response(envelope: json) { headers.first(name: $0) }
        return (signature, try signature.verify(values))
    }
}

/// The signed values of a request.
enum ReferenceSignature {
    static func params(of url: String) -> [JSONMember] {
        guard let mark = url.firstIndex(of: "?") else { return [] }
        return url[url.index(after: mark)...].split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return JSONMember(name: String(parts[0]), value: .string(parts.count > 1 ? String(parts[1]) : ""))
        }
    }

    static func body(_ body: ByteBuffer?, isCustom: Bool) throws -> JSONValue? {
        guard let body, body.readableBytes > 0 else { return nil }
        return isCustom ? .string(String(buffer: body)) : try JSONValue.parse(body)
    }
}

extension ServerRequest {
    /// The `OCN-Signature`, and what it proves about this request.
    func verified(isCustom: Bool = false) throws -> (signature: OCNSignature, proof: VerifiedSignature) {
        let text = try #require(header(OCPIHeader.signature), "\(method) \(path) is not signed")
        let signature = try OCNSignature(text: text)
        let values = SignableValues.request(
            params: ReferenceSignature.params(of: "\(path)?\(query ?? "")"), body: try ReferenceSignature.body(body, isCustom: isCustom)
        ) { header($0) }
        return (signature, try signature.verify(values))
    }
}
