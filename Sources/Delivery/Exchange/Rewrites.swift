import Directory
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Outbound
import Topics

/// The changes that the hub makes to messages: it replaces only URLs that would lead around it (OCPI 2.2.1, 4.1.5 and 13.3). No I/O.
enum Rewrites {
    /// OCPI's limit for the type URL, in characters.
    static let urlLimit = 255

    // MARK: response_url

    /// The position and value of a request's `response_url`.
    struct ResponseURL: Equatable {
        let place: ResponseURLPlace
        /// The bytes in the body, with the quotes, or in the query.
        let range: Range<Int>
        let url: String
    }

    /// The `response_url` of a request; nil for a kind of request that has none.
    /// - Throws: 2001 if a required one is missing or is not a URL.
    static func responseURL(of record: RequestRecord) throws(ExchangeFailure) -> ResponseURL? {
        guard record.target == nil, let place = ModuleTable.hasResponseURL(record.method, record.route) else { return nil }
        return switch place {
        case .body: try responseURL(inBody: record.body)
        case .query: try responseURL(inQuery: record.query ?? "")
        }
    }

    private static func responseURL(inBody body: ByteBuffer?) throws(ExchangeFailure) -> ResponseURL {
        guard let body, !body.readableBytesView.isEmpty else {
            throw refused("The body with response_url is missing")
        }
        let found: Range<Int>?
        do {
            found = try body.jsonRange(of: ["response_url"])
        } catch {
            throw refused(error.isRepetition ? "response_url stands twice in the body" : "The body is not JSON: \(error)")
        }
        guard let range = found, let url = JSONScanner.string(at: range, in: body.readableBytesUInt8Span), isURL(url) else {
            throw refused("response_url is not a URL of at most \(URLJoin.maxLength) characters")
        }
        return ResponseURL(place: .body, range: range, url: url)
    }

    /// Reading and clearing charging profiles (OCPI 2.2.1, 13.3.1).
    private static func responseURL(inQuery query: String) throws(ExchangeFailure) -> ResponseURL {
        let parameters = Array(query.utf8).split(separator: UInt8(ascii: "&")).map { parameter in
            let name = parameter.prefix { $0 != UInt8(ascii: "=") }
            return (name: PercentText.decoded(String(decoding: name, as: UTF8.self)), value: parameter[name.endIndex...].dropFirst())
        }
        let found = parameters.filter { $0.name == "response_url" }
        guard found.count == 1, let value = found.first?.value else {
            throw refused("response_url must be in the query exactly once")
        }
        // A URL contains no space, so a plus sign is literal.
        let url = PercentText.decoded(String(decoding: value, as: UTF8.self), plusIsSpace: false)
        guard isURL(url) else {
            throw refused("response_url is not a URL of at most \(URLJoin.maxLength) characters")
        }
        return ResponseURL(place: .query, range: value.startIndex..<value.endIndex, url: url)
    }

    private static func refused(_ message: String) -> ExchangeFailure {
        ExchangeFailure(.refused, OCPIError(code: .invalidParameters, message: message))
    }

    private static func isURL(_ text: String) -> Bool {
        text.utf8.count <= URLJoin.maxLength && URLJoin.origin(of: text) != nil && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// The request with another `response_url` and an adapted signature; all other bytes of body and query stay.
    static func replacing(_ found: ResponseURL, with url: String, in record: RequestRecord, key: SigningKey) -> RequestRecord {
        var changed = record
        let place: SignedPlace
        switch found.place {
        case .body:
            place = .responseURL
            changed.body = record.body?.replacing(found.range, with: JSONValue.string(url).encoded().readableBytesView)
        case .query:
            place = .parameter("response_url")
            var bytes = Array((record.query ?? "").utf8)
            bytes.replaceSubrange(found.range.clamped(to: bytes.indices), with: PercentText.encoded(url).utf8)
            changed.query = String(decoding: bytes, as: UTF8.self)
        }
        return Resigning.request(changed, from: record, [(place, .string(url))], key: key)
    }

    // MARK: The answer's headers

    /// The recipient's headers that are passed to the caller unchanged.
    static func passedHeaders(_ answer: OutboundResponse) -> [(name: String, value: String)] {
        ReplyRecord.passedHeaders(with: answer.status).compactMap { name in
            let values = answer.headers[name]
            return values.isEmpty ? nil : (name, values.joined(separator: ", "))
        }
    }

    /// Whether the recipient carried out the request: HTTP 200 or 201 and OCPI status 1000.
    static func isSuccess(_ httpStatus: Int, _ status: AnswerStatus) -> Bool {
        (httpStatus == 200 || httpStatus == 201) && status.code == StatusCode.success.rawValue
    }

    /// Whether the recipient reports that it did not carry out the request.
    static func isRefusal(_ status: AnswerStatus) -> Bool { status.code.map { !StatusCode(rawValue: $0).isSuccess } ?? false }

    /// A foreign URL in a form for messages.
    static func shown(_ url: String) -> String {
        URLJoin.mayHoldPassword(url) ? "(with user information, not shown)" : "\"\(ForeignText.shortened(url, to: 200))\""
    }

    /// The URL in the answer that must be replaced by a hub URL; nil if there is none.
    static func answerURL(_ record: RequestRecord, status: Int, _ headers: HTTPHeaders) -> (kind: Capability.Kind, url: String)? {
        guard status == 200 || status == 201 else { return nil }
        // Only sender interfaces return lists.
        if record.method == .get, record.interface == .sender, let url = LinkHeader.next(in: headers[OCPIHeader.link]) {
            return (.page, url)
        }
        if record.method == .post, record.module == .cdrs, record.interface == .receiver,
            let url = headers.first(name: OCPIHeader.location)
        {
            return (.object, url)
        }
        return nil
    }

    /// The URL in the answer of a custom module that must be replaced by a hub URL; nil if there is none.
    static func customURL(_ record: RequestRecord, status: Int, _ headers: HTTPHeaders) -> (kind: Capability.Kind, url: String)? {
        guard 200..<300 ~= status else { return nil }
        if record.method == .get, let url = LinkHeader.next(in: headers[OCPIHeader.link]) { return (.page, url) }
        return headers.first(name: OCPIHeader.location).map { (.object, $0) }
    }

    /// The absolute form of a URL from an answer, which may be relative to the called one (RFC 8288, 3.1; RFC 9110, 10.2.2). The fragment
    /// is removed, because only the reader uses it; blanks are percent-encoded.
    /// - Parameter base: nil for the answer of another node, whose base is unknown.
    static func absolute(_ url: String, calledAt base: String?) -> String {
        let resolved = (base.map { URLReference.resolve(url, against: $0) } ?? url).utf8.prefix { $0 != UInt8(ascii: "#") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(resolved.count)
        for byte in resolved {
            if byte > 0x20, byte != 0x7F { bytes.append(byte) } else { bytes += ("%" + Hex.encode([byte]).uppercased()).utf8 }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Hub URLs

    /// The beginning of a hub URL, before its token. The URL leads to the node at `base`.
    static func prefix(_ kind: Capability.Kind, for record: RequestRecord, base: String, version: OCPIVersion) -> String {
        let trimmed = URLJoin.trimmed(base)
        let endpoint = trimmed + path(record, kind, version)
        return switch kind {
        case .page: endpoint + "/page/"
        case .object: endpoint + "/"
        case .callback: callback(endpoint, record)
        }
    }

    /// The beginning of the URL to which another node sends a result, before its id. Reference nodes do not announce where they serve
    /// results of charging profiles, and the oldest of them only supports 2.2.
    static func callbackPrefix(at node: NetworkNode, for record: RequestRecord) -> String {
        let version = node.isVerbatim ? record.version : .v2_2
        guard record.module == .chargingprofiles else { return prefix(.callback, for: record, base: node.url, version: version) }
        return URLJoin.trimmed(node.url) + "/ocpi/\(version.rawValue)/sender/chargingprofiles/result/"
    }

    /// The path of a callback contains the command or session, as at the reference nodes, unless a long session id would leave too little
    /// room for the token.
    private static func callback(_ endpoint: String, _ record: RequestRecord) -> String {
        let isLong = endpoint.utf8.count + record.path.utf8.count + 2 + idLength > urlLimit
        return record.path.isEmpty || (isLong && record.module == .chargingprofiles) ? endpoint + "/" : endpoint + "/" + record.path + "/"
    }

    /// The length of `Capabilities.newID()`, in characters.
    private static let idLength = 22

    private static func path(_ record: RequestRecord, _ kind: Capability.Kind, _ version: OCPIVersion) -> String {
        // A callback goes to the sender interface of the called module; pages and objects keep their interface.
        let interface = kind == .callback ? InterfaceRole.sender : record.interface
        return ModuleRoute(version: version, module: record.module, interface: interface, remainder: "").endpointPath
    }
}
