package import Encoding
package import NIOCore

/// A request between two nodes: the body of `POST /ocn/message` in the dialect of the reference nodes (`ocn-1`).
package struct OCNMessage: Sendable {
    /// The module that is called.
    package var module: ModuleID
    /// Sent as `CUSTOM` with the module's name beside it; its body is an opaque text.
    package var isCustom: Bool
    /// The interface that is called.
    package var interface: InterfaceRole
    /// One of GET, PUT, POST, PATCH, DELETE.
    package var method: Method
    /// `OCN-Signature` of the sending party.
    package var signature: String?
    /// `X-Request-ID` of the sending party; the request between the nodes has its own.
    package var requestID: String
    /// `X-Correlation-ID` of the sending party.
    package var correlationID: String
    /// The sender (`OCPI-from`).
    package var sender: PartyID
    /// The receiver (`OCPI-to`).
    package var receiver: PartyID
    /// The path below the module's endpoint, with or without a leading slash. For a proxied call, the proxy's id.
    package var urlPath: String?
    /// An object of scalars.
    package var query: JSONValue?
    /// The query as the sending party wrote it, for a node that forwards it so; ``query`` has the same content. Not in the reference's
    /// dialect.
    package var queryText: String?
    /// The id under which the recipient's node must store `proxyResource`, because the rewritten `response_url` contains it.
    package var proxyUID: String?
    /// The URL behind a rewritten one. Without `proxyUID`: the URL to call. The receiver must check the owner of the URL first.
    package var proxyResource: String?
    /// The content type of a custom module's body, for a node that forwards it. Not in the reference's dialect.
    package var contentType: String?
    /// The content encoding of a custom module's body. Not in the reference's dialect.
    package var contentEncoding: String?
    /// JSON; for a custom module any text, or any bytes to a node that forwards them.
    package var body: ByteBuffer?

    package init(
        module: ModuleID, isCustom: Bool = false, interface: InterfaceRole, method: Method, signature: String? = nil, requestID: String,
        correlationID: String, sender: PartyID, receiver: PartyID, urlPath: String? = nil, query: JSONValue? = nil,
        queryText: String? = nil, proxyUID: String? = nil, proxyResource: String? = nil, contentType: String? = nil,
        contentEncoding: String? = nil, body: ByteBuffer? = nil
    ) {
        self.module = module
        self.isCustom = isCustom
        self.interface = interface
        self.method = method
        self.signature = signature
        self.requestID = requestID
        self.correlationID = correlationID
        self.sender = sender
        self.receiver = receiver
        self.urlPath = urlPath
        self.query = query
        self.queryText = queryText
        self.proxyUID = proxyUID
        self.proxyResource = proxyResource
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.body = body
    }
}

// MARK: - Writing

extension OCNMessage {
    /// The bytes to sign and send. A receiving reference node verifies its own serialisation of the parsed message, so these are exactly
    /// the bytes that Jackson would write: fixed order, absent members left out, numbers as Java prints them.
    /// - Parameter verbatim: leaves the bytes of `body` unchanged, for a node that verifies the bytes it received.
    /// - Throws: an error if `body` is not JSON, or the body of a custom module is not UTF-8 and not for such a node.
    package func encoded(verbatim: Bool = false) throws(JSONError) -> ByteBuffer {
        guard verbatim, let body else { return try envelope(body: try bodyValue()).encoded() }
        guard !isCustom, module.ocnName != nil else {
            let text = contentEncoding == nil ? String(validating: body.readableBytesView, as: UTF8.self) : nil
            // Within `body`, so that a node that does not know this form refuses it; it would silently ignore a member of its own.
            let value: JSONValue = text.map(JSONValue.string) ?? ["base64": .string(Base64.encode(body.readableBytesView))]
            return try envelope(body: value).encoded()
        }
        try JSONScanner.validate(body.readableBytesUInt8Span)
        var message = try envelope(body: nil).encoded()
        message.moveWriterIndex(to: message.writerIndex - 1)
        message.writeString(#","body":"#)
        message.writeImmutableBuffer(body.withoutByteOrderMark)
        message.writeString("}")
        return message
    }

    private func envelope(body: JSONValue?) throws(JSONError) -> JSONValue {
        let headers = JSONValue.object([
            // The reference blanks it instead of leaving it out.
            "Authorization": "",
            "OCN-Signature": signature.map(JSONValue.string),
            "X-Request-ID": .string(requestID),
            "X-Correlation-ID": .string(correlationID),
            "sender": Self.party(sender),
            "receiver": Self.party(receiver),
        ])
        return .object([
            "module": .string(isCustom ? Self.custom : module.ocnName ?? Self.custom),
            "interface_role": .string(interface.rawValue),
            "method": .string(method.rawValue),
            "headers": headers,
            "url_path": urlPath.map(JSONValue.string),
            "query_params": query.map(JacksonText.normalised),
            "query_text": queryText.map(JSONValue.string),
            "proxy_uid": proxyUID.map(JSONValue.string),
            "proxy_resource": proxyResource.map(JSONValue.string),
            "custom_module_id": isCustom || module.ocnName == nil ? .string(module.rawValue) : nil,
            "content_type": contentType.map(JSONValue.string),
            "content_encoding": contentEncoding.map(JSONValue.string),
            "body": body,
        ])
    }

    /// The message as a reference node serialises it after parsing: known members in their order, nulls at the known levels left out,
    /// numbers as Java prints them. For the second attempt at a signature that does not match the received bytes. Unknown and repeated
    /// members stay, because dropping them would let an attacker add them unnoticed.
    package static func canonical(_ bytes: ByteBuffer) throws(JSONError) -> ByteBuffer {
        let message = try JSONValue.parse(bytes)
        guard let members = message.members else { return JacksonText.normalised(message).encoded() }
        return JSONValue.object(
            sorted(members, memberNames).map { member in
                guard member.name == "headers", let headers = member.value.members else {
                    return JSONMember(name: member.name, value: JacksonText.normalised(member.value))
                }
                return JSONMember(name: member.name, value: .object(sorted(headers, headerNames).map(canonicalHeader)))
            }
        ).encoded()
    }

    private static func canonicalHeader(_ header: JSONMember) -> JSONMember {
        guard header.name == "sender" || header.name == "receiver", let party = header.value.members else { return header }
        return JSONMember(name: header.name, value: .object(sorted(party, partyNames)))
    }

    /// Known members in their order, then the others in theirs, without nulls.
    private static func sorted(_ members: [JSONMember], _ names: [String]) -> [JSONMember] {
        let present = members.filter { !$0.value.isNull }
        return names.flatMap { name in present.filter { $0.name == name } } + present.filter { !names.contains($0.name) }
    }

    private static func party(_ party: PartyID) -> JSONValue {
        ["party_id": .string(party.party), "country_code": .string(party.country)]
    }

    private func bodyValue() throws(JSONError) -> JSONValue? {
        guard let body else { return nil }
        if isCustom || module.ocnName == nil {
            guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
                throw JSONError(offset: 0, reason: "the body of a custom module is not UTF-8")
            }
            return .string(text)
        }
        let value = JacksonText.normalised(try JSONValue.parse(body))
        return value.isNull ? nil : value
    }

    static let custom = "CUSTOM"
    static let memberNames = [
        "module", "interface_role", "method", "headers", "url_path", "query_params", "query_text", "proxy_uid", "proxy_resource",
        "custom_module_id", "content_type", "content_encoding", "body",
    ]
    static let headerNames = [
        "Authorization", "OCN-Signature", "X-Request-ID", "X-Correlation-ID", "sender", "receiver", "OCN-Verification-Status",
        "test-tool-origin",
    ]
    static let partyNames = ["party_id", "country_code"]
}
