import Encoding
import HTTPTypes
import Hummingbird
import Kafka
import NIOCore
import OCPI
import Topics

/// The headers that relate a response to its request: the caller's ids, and both parties where the request was routed (OCPI 2.2.1, 4.1.2
/// and 4.1.5).
struct ResponseAddress: Sendable {
    var requestID: String?
    var correlationID: String?
    /// The party that sent the request.
    var to: PartyID?
    /// The party that answers.
    var from: PartyID?

    /// Repeats the ids that the request has.
    init(_ head: RequestHead) {
        requestID = head.requestID
        correlationID = head.correlationID
    }

    init(_ ids: MessageIDFactory, to: PartyID? = nil, from: PartyID? = nil) {
        requestID = ids.requestID
        correlationID = ids.correlationID
        self.to = to
        self.from = from
    }

    /// Without headers, for answers to other nodes.
    init() {}
}

extension Response {
    /// A successful answer of the hub itself.
    static func envelope(_ body: ByteBuffer, status: Int = 200, _ address: ResponseAddress) -> Response {
        Response(status: status, fields(address), contentType: json, body: body)
    }

    /// An error of the hub itself, in the OCPI version of the called path.
    static func refusal(_ error: OCPIError, version: OCPIVersion, _ address: ResponseAddress) -> Response {
        let error = error.adapted(to: version)
        var fields = fields(address)
        let status = error.httpStatus(for: version)
        switch error.kind {
        case .unauthorized where status == 401: fields[.wwwAuthenticate] = "Token"
        case .methodNotAllowed(let methods): fields[.allow] = methods.map(\.rawValue).joined(separator: ", ")
        case .busy(let seconds): fields[.retryAfter] = String(seconds)
        case .coded: fields[.acceptEncoding] = "identity"
        case .plain, .unauthorized, .unparsable, .notFound, .tooLarge, .overdue: break
        }
        return Response(status: status, fields, contentType: json, body: Envelope.error(error))
    }

    /// The answer to a routed request: the recipient's answer unchanged, or the hub's error if there is none.
    static func reply(_ reply: ReplyRecord, version: OCPIVersion, _ address: ResponseAddress) -> Response {
        var address = address
        if address.to != nil { address.from = reply.from }
        guard reply.outcome == .answered else { return refusal(unanswered(reply), version: version, address) }
        // EXCHANGE passes no other status on.
        guard let status = reply.httpStatus, 200..<600 ~= status else {
            return refusal(.unusableAnswer(reply.from, "its HTTP status is not one"), version: version, address)
        }
        var fields = fields(address)
        for field in reply.headers.fields { fields.set(passed[field.name] ?? nil, field.value) }
        return Response(status: status, fields, contentType: reply.contentType ?? json, body: reply.body)
    }

    private init(status: Int, _ fields: HTTPFields, contentType: String, body: ByteBuffer?) {
        var fields = fields
        // Responses with these statuses have no body; the client would read one as the next response.
        guard let body, body.readableBytes > 0, status != 204, status != 205, status != 304 else {
            fields[.contentEncoding] = nil
            self.init(status: HTTPResponse.Status(code: status), headers: fields)
            if status == 204 || status == 304 { headers[.contentLength] = nil }
            return
        }
        fields[.contentType] = contentType
        self.init(status: HTTPResponse.Status(code: status), headers: fields, body: ResponseBody(byteBuffer: body))
    }

    private static func unanswered(_ reply: ReplyRecord) -> OCPIError {
        // EXCHANGE usually supplies the error.
        let usual: OCPIError =
            switch reply.outcome {
            case .timeout, .expired: .noAnswer(reply.from)
            case .unreachable: .notReached(reply.from, "no connection")
            case .refused, .answered: OCPIError(code: .hubError, message: "The request could not be forwarded to \(reply.from)")
            }
        return OCPIError(code: reply.status ?? usual.code, message: reply.message ?? usual.message)
    }

    private static func fields(_ address: ResponseAddress) -> HTTPFields {
        var fields = HTTPFields()
        fields.set(requestID, address.requestID)
        fields.set(correlationID, address.correlationID)
        fields.set(toCountry, address.to?.country)
        fields.set(toParty, address.to?.party)
        fields.set(fromCountry, address.from?.country)
        fields.set(fromParty, address.from?.party)
        return fields
    }

    private static let json = "application/json"
    private static let requestID = HTTPField.Name(OCPIHeader.requestID)
    private static let correlationID = HTTPField.Name(OCPIHeader.correlationID)
    private static let toCountry = HTTPField.Name(OCPIHeader.toCountry)
    private static let toParty = HTTPField.Name(OCPIHeader.toParty)
    private static let fromCountry = HTTPField.Name(OCPIHeader.fromCountry)
    private static let fromParty = HTTPField.Name(OCPIHeader.fromParty)
    private static let passed = Dictionary(uniqueKeysWithValues: ReplyRecord.passedHeaders.map { ($0, HTTPField.Name($0)) })
}

extension HTTPFields {
    fileprivate mutating func set(_ name: HTTPField.Name?, _ value: String?) {
        guard let name, let value else { return }
        self[name] = value
    }
}
