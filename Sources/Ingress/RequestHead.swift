import HTTPTypes
import OCPI
import Topics

/// What the node reads in the head of an HTTP request, read once. Header names compare without case; of a repeated one the first counts.
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
    /// Of the party whose message another node brings.
    var callerVersion: OCPIVersion?
    /// Of a copy that another node brings.
    var copyID: String?
    var contentType: String?
    /// All codings of the body as they came; nil if it is not coded.
    var contentEncoding: String?
    var contentLength: Int?
    /// The body's length is not announced.
    var isChunked = false
    var trace = TraceContext()
    /// Names and values of all headers, bytes.
    var headerBytes = 0

    /// Whom it names as its receiver; nil for nobody.
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
        case "authorization": RequestHead.keep(field.value, in: &authorization)
        case "x-request-id": RequestHead.keep(field.value, in: &requestID)
        case "x-correlation-id": RequestHead.keep(field.value, in: &correlationID)
        case "ocpi-from-country-code": RequestHead.keep(field.value, in: &fromCountry)
        case "ocpi-from-party-id": RequestHead.keep(field.value, in: &fromParty)
        case "ocpi-to-country-code": RequestHead.keep(field.value, in: &toCountry)
        case "ocpi-to-party-id": RequestHead.keep(field.value, in: &toParty)
        case "ocn-signature": RequestHead.keep(field.value, in: &signature)
        case "ocn-caller-version": callerVersion = callerVersion ?? OCPIVersion(rawValue: field.value)
        case "ocn-copy-id": RequestHead.keep(field.value, in: &copyID)
        case "content-type": RequestHead.keep(field.value, in: &contentType)
        case "content-encoding":
            guard field.value.lowercased() != "identity" else { break }
            contentEncoding = contentEncoding.map { $0 + ", " + field.value } ?? field.value
        case "content-length": contentLength = contentLength ?? Int(field.value)
        case "transfer-encoding": isChunked = true
        case "traceparent": RequestHead.keep(field.value, in: &trace.traceparent)
        case "tracestate": RequestHead.keep(field.value, in: &trace.tracestate)
        default: break
        }
    }

    private static func keep(_ value: String, in first: inout String?) {
        if first == nil { first = value }
    }

    /// Splits a request target into path and query. A proxy's absolute form is accepted.
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
