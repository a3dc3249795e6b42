import Directory
import NIOCore
import NIOHTTP1
import OCPI
import Topics
import Wire

/// What the hub changes in passing messages: nothing but URLs that would lead around it (OCPI 2.2.1, 4.1.5 and 13.3). No I/O.
enum Rewrites {
    /// OCPI's bound on the type URL, characters.
    static let urlLimit = 255

    // MARK: response_url

    /// Where a body has its `response_url`, and what it says.
    struct ResponseURL: Equatable {
        let range: Range<Int>
        let url: String
    }

    /// Whether the request carries a `response_url` in its body. One in the query (reading and clearing charging profiles) stays as it is.
    static func hasResponseURL(_ record: RequestRecord) -> Bool {
        guard record.target == nil else { return false }
        return ModuleTable.hasResponseURL(record.method, route(of: record)) == .body
    }

    static func responseURL(in body: ByteBuffer?) throws(Obstacle) -> ResponseURL {
        guard let body, !body.readableBytesView.isEmpty else {
            throw Obstacle(.refused, .invalidParameters, "the body with response_url is missing")
        }
        let found: Range<Int>?
        do {
            // All of it: the search alone would stop at the member.
            try JSONScanner.validate(body.readableBytesUInt8Span)
            found = try body.jsonRange(of: ["response_url"])
        } catch {
            throw Obstacle(.refused, .invalidParameters, "the body is not JSON: \(error)")
        }
        guard let range = found, let url = JSONScanner.string(at: range, in: body.readableBytesUInt8Span),
            url.utf8.count <= URLJoin.maxLength, URLJoin.origin(of: url) != nil
        else {
            throw Obstacle(.refused, .invalidParameters, "response_url is not a URL of at most \(URLJoin.maxLength) characters")
        }
        return ResponseURL(range: range, url: url)
    }

    /// The body with another `response_url`; every other byte stays.
    static func replacing(_ found: ResponseURL, with url: String, in body: ByteBuffer) -> ByteBuffer {
        body.replacing(found.range, with: JSONValue.string(url).encoded().readableBytesView)
    }

    // MARK: The answer's headers

    /// The recipient's headers that go to the caller, as they came.
    static func passedHeaders(_ answer: HTTPHeaders) -> [(name: String, value: String)] {
        ReplyRecord.passedHeaders.compactMap { name in
            let values = answer[name]
            return values.isEmpty ? nil : (name, values.joined(separator: ", "))
        }
    }

    /// Whether `Link` and `Location` of this answer are ours to rewrite: the caller's own node does it, for the standard modules.
    static func rewritesAnswer(to record: RequestRecord) -> Bool {
        record.origin == .local && record.module.isFunctional
    }

    /// The URL in the answer that the caller must reach through the hub; nil if there is none.
    static func answerURL(_ record: RequestRecord, status: Int, _ headers: HTTPHeaders) -> (kind: Capability.Kind, url: String)? {
        guard status == 200 || status == 201 else { return nil }
        if record.method == .get, let url = LinkHeader.next(in: headers[OCPIHeader.link]) { return (.page, url) }
        if record.method == .post, record.module == .cdrs, record.interface == .receiver,
            let url = headers.first(name: OCPIHeader.location)
        {
            return (.object, url)
        }
        return nil
    }

    /// A URL from an answer that may be relative to the URL that was called (RFC 9110, 10.2.2). Nil if it is none that can be called.
    static func absolute(_ url: String, calledAt base: String?) -> String? {
        guard url.utf8.count <= URLJoin.maxLength else { return nil }
        if URLJoin.origin(of: url) != nil { return url }
        guard url.hasPrefix("/"), !url.hasPrefix("//"), let base, let origin = URLJoin.origin(of: base) else { return nil }
        return origin + url
    }

    // MARK: Hub URLs

    /// What a hub URL begins with; its token follows. The URL leads to the node at `base`.
    static func prefix(_ kind: Capability.Kind, for record: RequestRecord, base: String, version: OCPIVersion) -> String {
        let trimmed = URLJoin.trimmed(base)
        let endpoint = trimmed + path(record, kind, version)
        return switch kind {
        case .page: endpoint + "/page/"
        case .object: endpoint + "/"
        case .callback: record.path.isEmpty ? endpoint + "/" : endpoint + "/" + record.path + "/"
        }
    }

    private static func path(_ record: RequestRecord, _ kind: Capability.Kind, _ version: OCPIVersion) -> String {
        // A callback comes to the sender interface of the module that was called; pages and objects stay where they were asked for.
        let interface = kind == .callback ? InterfaceRole.sender : record.interface
        return ModuleRoute(version: version, module: record.module, interface: interface, remainder: "").endpointPath
    }

    private static func route(of record: RequestRecord) -> ModuleRoute {
        ModuleRoute(
            version: record.version, module: record.module, interface: record.interface, remainder: record.path,
            isCustom: !record.module.isFunctional)
    }
}
