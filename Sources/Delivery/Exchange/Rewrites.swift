import Directory
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Outbound
import Topics

/// What the hub changes in passing messages: nothing but URLs that would lead around it (OCPI 2.2.1, 4.1.5 and 13.3). No I/O.
enum Rewrites {
    /// OCPI's bound on the type URL, characters.
    static let urlLimit = 255

    // MARK: response_url

    /// Where a request has its `response_url`, and what it says.
    struct ResponseURL: Equatable {
        let place: ResponseURLPlace
        /// Bytes of the body, with the quotes; or of the query.
        let range: Range<Int>
        let url: String
    }

    /// The `response_url` of a request; nil for a request that has none by its kind.
    /// - Throws: 2001 if it has one and it is missing, or no URL.
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
        // No URL has a space, so a plus is a plus.
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

    /// The request with another `response_url`; every other byte of body and query stays. Its signature is made to fit.
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

    /// The recipient's headers that go to the caller, as they came.
    static func passedHeaders(_ answer: OutboundResponse) -> [(name: String, value: String)] {
        ReplyRecord.passedHeaders(with: answer.status).compactMap { name in
            let values = answer.headers[name]
            return values.isEmpty ? nil : (name, values.joined(separator: ", "))
        }
    }

    /// Whether the recipient did what it was asked for: HTTP 200 or 201 and OCPI status 1000.
    static func isSuccess(_ httpStatus: Int, _ status: AnswerStatus) -> Bool {
        (httpStatus == 200 || httpStatus == 201) && status.code == StatusCode.success.rawValue
    }

    /// Whether the recipient says that it did not do what it was asked for.
    static func isRefusal(_ status: AnswerStatus) -> Bool { status.code.map { !StatusCode(rawValue: $0).isSuccess } ?? false }

    /// A URL of somebody else's for people.
    static func shown(_ url: String) -> String {
        URLJoin.mayHoldPassword(url) ? "(with user information, not shown)" : "\"\(ForeignText.shortened(url, to: 200))\""
    }

    /// The URL in the answer that the caller must reach through the hub; nil if there is none.
    static func answerURL(_ record: RequestRecord, status: Int, _ headers: HTTPHeaders) -> (kind: Capability.Kind, url: String)? {
        guard status == 200 || status == 201 else { return nil }
        // Lists are on the sender's side.
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

    /// The URL in the answer of a custom module that the caller may follow, for which it must come through the hub; nil if there is none.
    static func customURL(_ record: RequestRecord, status: Int, _ headers: HTTPHeaders) -> (kind: Capability.Kind, url: String)? {
        guard 200..<300 ~= status else { return nil }
        if record.method == .get, let url = LinkHeader.next(in: headers[OCPIHeader.link]) { return (.page, url) }
        return headers.first(name: OCPIHeader.location).map { (.object, $0) }
    }

    /// A URL from an answer, which may be relative to the one that was called (RFC 8288, 3.1; RFC 9110, 10.2.2). Without its fragment, which
    /// is the reader's; blanks are percent-encoded, as they go out.
    /// - Parameter base: nil for the answer of another node: what that means by a relative URL nobody knows.
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

    /// What a hub URL begins with; its token follows. The URL leads to the node at `base`.
    static func prefix(_ kind: Capability.Kind, for record: RequestRecord, base: String, version: OCPIVersion) -> String {
        let trimmed = URLJoin.trimmed(base)
        let endpoint = trimmed + path(record, kind, version)
        return switch kind {
        case .page: endpoint + "/page/"
        case .object: endpoint + "/"
        case .callback: callback(endpoint, record)
        }
    }

    /// What the URL of a result begins with that goes to another node; its id follows. Reference nodes serve results of charging profiles where
    /// they do not say, and the first of them nothing but 2.2.
    static func callbackPrefix(at node: NetworkNode, for record: RequestRecord) -> String {
        let version = node.isVerbatim ? record.version : .v2_2
        guard record.module == .chargingprofiles else { return prefix(.callback, for: record, base: node.url, version: version) }
        return URLJoin.trimmed(node.url) + "/ocpi/\(version.rawValue)/sender/chargingprofiles/result/"
    }

    /// The place of a callback names the command or session, as at the reference nodes; not where a long session id would take the room
    /// that the token needs.
    private static func callback(_ endpoint: String, _ record: RequestRecord) -> String {
        let isLong = endpoint.utf8.count + record.path.utf8.count + 2 + idLength > urlLimit
        return record.path.isEmpty || (isLong && record.module == .chargingprofiles) ? endpoint + "/" : endpoint + "/" + record.path + "/"
    }

    /// Of what `Capabilities.newID()` makes.
    private static let idLength = 22

    private static func path(_ record: RequestRecord, _ kind: Capability.Kind, _ version: OCPIVersion) -> String {
        // A callback comes to the sender interface of the module that was called; pages and objects stay where they were asked for.
        let interface = kind == .callback ? InterfaceRole.sender : record.interface
        return ModuleRoute(version: version, module: record.module, interface: interface, remainder: "").endpointPath
    }
}
