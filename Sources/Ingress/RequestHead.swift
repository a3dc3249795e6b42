import HTTPTypes
import OCPI
import Topics

/// The parts of an HTTP request's head that the node uses. Header names are case-insensitive; of repeated headers the first counts.
struct RequestHead: Sendable {
    var method: Method
    /// Without the query, percent-encoding kept.
    var path: String
    /// Without `?`; nil for none.
    var query: String?
    var authorization: String?
    var requestID: String?
    var correlationID: String?
    var fromCountry: String?
    var fromParty: String?
    var toCountry: String?
    var toParty: String?
    var signature: String?
    /// OCPI version of the party whose message another node forwards.
    var callerVersion: OCPIVersion?
    /// Id of a copy that another node sends.
    var copyID: String?
    var contentType: String?
    /// All values of Content-Encoding as received; nil if there are none.
    var contentEncoding: String?
    var contentLength: Int?
    /// The length of the body is not announced.
    var isChunked = false
    var trace = TraceContext()
    /// Bytes of all header names and values.
    var headerBytes = 0

    /// The receiver that the request names; nil for none.
    var to: PartyID? { toCountry.flatMap { country in toParty.flatMap { PartyID(country: country, party: $0) } } }

    init(method: Method, path: String, query: String? = nil) {
        self.method = method
        self.path = path
        self.query = query
    }

    init(_ request: HTTPRequest) {
        let (path, query) = RequestHead.split(request.path ?? "/")
        self.init(method: Method(rawValue: request.method.rawValue), path: path, query: query)
        for field in request.headerFields {
            headerBytes += field.name.canonicalName.utf8.count + field.value.utf8.count
            guard !field.value.isEmpty else { continue }
            read(field)
        }
    }

    private mutating func read(_ field: HTTPField) {
        switch field.name.canonicalName {
        case "authorization": RequestHead.setFirst(field.value, in: &authorization)
        case "x-request-id": RequestHead.setFirst(field.value, in: &requestID)
        case "x-correlation-id": RequestHead.setFirst(field.value, in: &correlationID)
        case "ocpi-from-country-code": RequestHead.setFirst(field.value, in: &fromCountry)
        case "ocpi-from-party-id": RequestHead.setFirst(field.value, in: &fromParty)
        case "ocpi-to-country-code": RequestHead.setFirst(field.value, in: &toCountry)
        case "ocpi-to-party-id": RequestHead.setFirst(field.value, in: &toParty)
        case "ocn-signature": RequestHead.setFirst(field.value, in: &signature)
        case "ocn-caller-version": callerVersion = callerVersion ?? OCPIVersion(rawValue: field.value)
        case "ocn-copy-id": RequestHead.setFirst(field.value, in: &copyID)
        case "content-type": RequestHead.setFirst(field.value, in: &contentType)
        case "content-encoding":
            guard field.value.lowercased() != "identity" else { break }
            contentEncoding = contentEncoding.map { $0 + ", " + field.value } ?? field.value
        case "content-length": contentLength = contentLength ?? Int(field.value)
        case "transfer-encoding": isChunked = true
        case "traceparent": RequestHead.setFirst(field.value, in: &trace.traceparent)
        case "tracestate": RequestHead.setFirst(field.value, in: &trace.tracestate)
        default: break
        }
    }

    private static func setFirst(_ value: String, in first: inout String?) {
        if first == nil { first = value }
    }

    /// Splits a request target into path and query. The absolute form that proxies use is accepted.
    static func split(_ target: String) -> (path: String, query: String?) {
        var rest = Substring(target)
        if !rest.hasPrefix("/"), let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...]
            rest = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        guard let mark = rest.firstIndex(of: "?") else { return (String(rest), nil) }
        let query = rest[rest.index(after: mark)...]
        return (String(rest[..<mark]), query.isEmpty ? nil : String(query))
    }
}
