import Directory
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Outbound
import Topics

/// Builds the request that is sent to a party's platform or to another node.
///
/// Headers of the caller are not forwarded, except those set here (OCPI 2.2.1, 4.1.4; OCN message, dialect `ocn-1`).
enum OutboundRequestBuilder {
    /// A request to the platform of a party.
    static func call(_ record: RequestRecord, url: String, authorization: String) -> OutboundRequest {
        var headers = HTTPHeaders()
        headers.add(name: OCPIHeader.authorization, value: authorization)
        headers.add(name: OCPIHeader.requestID, value: UUIDText.v4())
        headers.add(name: OCPIHeader.correlationID, value: record.correlationID)
        headers.add(name: OCPIHeader.fromCountry, value: record.from.country)
        headers.add(name: OCPIHeader.fromParty, value: record.from.party)
        headers.add(name: OCPIHeader.toCountry, value: record.to.country)
        headers.add(name: OCPIHeader.toParty, value: record.to.party)
        if let signature = record.signature { headers.add(name: OCPIHeader.signature, value: signature) }
        if let id = record.copyID { headers.add(name: OCPIHeader.copyID, value: id) }
        if record.body != nil {
            headers.add(name: "Content-Type", value: record.contentType ?? "application/json")
            if let coding = record.contentEncoding { headers.add(name: OCPIHeader.contentEncoding, value: coding) }
        }
        headers.add(record.trace)
        return OutboundRequest(url: url, method: record.method, headers: headers, body: record.body)
    }

    /// The `proxy` fields of an OCN message: the URL behind a rewritten one.
    struct Proxy: Sendable, Equatable {
        var uid: String?
        var resource: String
    }

    /// A message to the node of a party, signed by this node.
    /// - Throws: if the body is not JSON. For a custom module to a reference node: if the body is not UTF-8 or has a Content-Encoding,
    ///   which such messages cannot express.
    static func message(
        _ record: RequestRecord, to node: NetworkNode, proxy: Proxy?, key: SigningKey
    ) throws(JSONError) -> OutboundRequest {
        guard record.contentEncoding == nil || node.isVerbatim else {
            throw JSONError(offset: 0, reason: "a body with a Content-Encoding cannot be put into a message to another node")
        }
        let isCustom = record.module.ocnName == nil
        let tellsContent = isCustom && node.isVerbatim
        let body = try OCNMessage(
            module: record.module, isCustom: isCustom, interface: record.interface, method: record.method,
            signature: record.signature, requestID: record.requestID, correlationID: record.correlationID, sender: record.from,
            receiver: record.to, urlPath: record.path.isEmpty ? nil : record.path, query: query(of: record),
            queryText: node.isVerbatim ? queryText(of: record) : nil, proxyUID: proxy?.uid, proxyResource: proxy?.resource,
            contentType: tellsContent ? record.contentType : nil, contentEncoding: tellsContent ? record.contentEncoding : nil,
            body: record.body
        ).encoded(verbatim: node.isVerbatim)
        var headers = HTTPHeaders()
        headers.add(name: OCPIHeader.requestID, value: UUIDText.v4())
        headers.add(name: OCPIHeader.signature, value: NodeSignature.sign(body, with: key))
        // The other node can then answer errors in the caller's OCPI version.
        headers.add(name: OCPIHeader.callerVersion, value: record.version.rawValue)
        if let id = record.copyID { headers.add(name: OCPIHeader.copyID, value: id) }
        headers.add(name: "Content-Type", value: "application/json")
        headers.add(record.trace)
        let base = URLJoin.trimmed(node.url)
        return OutboundRequest(url: base + "/ocn/message", method: .post, headers: headers, body: body)
    }

    /// Query parameters as the reference nodes encode them: an object of scalars, with integers as numbers. Lists have one even without
    /// parameters. A URL behind a capability has its query in its own URL.
    private static func query(of record: RequestRecord) -> JSONValue? {
        guard record.target == nil else { return nil }
        let isList = record.method == .get && record.interface == .sender && record.path.isEmpty && record.module.isFunctional
        guard let query = record.query, !query.isEmpty else { return isList ? .object([]) : nil }
        return .object(
            PercentText.pairs(query).map { JSONMember(name: $0.name, value: isInteger($0.value) ? .number($0.value) : .string($0.value)) })
    }

    private static func queryText(of record: RequestRecord) -> String? {
        guard record.target == nil, let query = record.query, !query.isEmpty else { return nil }
        return query
    }

    /// Whether JSON and Java's `long` represent the text unchanged.
    private static func isInteger(_ text: String) -> Bool {
        Int64(text).map { String($0) == text } ?? false
    }
}

extension HTTPHeaders {
    mutating func add(_ trace: TraceContext) {
        guard let parent = trace.traceparent else { return }
        add(name: "traceparent", value: parent)
        if let state = trace.tracestate { add(name: "tracestate", value: state) }
    }
}
