import Encoding
package import NIOCore

extension OCNMessage {
    /// Parses a message. Unknown members are ignored (newer nodes add some); known ones must be valid and occur once. `body` is the
    /// member's bytes as received; for a custom module the text of its string or the decoded `base64`; nil for `null`.
    /// - Throws: status 2001 for anything that is not such a message.
    package static func decode(_ bytes: ByteBuffer) throws(OCPIError) -> OCNMessage {
        let message: JSONValue
        do {
            message = try JSONValue.parse(bytes)
        } catch {
            throw OCPIError(code: .invalidParameters, message: "The message is \(error)", kind: .unparsable)
        }
        let fields = try Fields(message, known: memberNames, called: "message")
        let headers = try Fields(fields.present("headers"), known: headerNames, called: "headers")
        let (module, isCustom) = try module(fields)
        if !isCustom, let name = ["content_type", "content_encoding"].first(where: { fields[$0] != nil }) {
            throw refusal("\(name) is only for module CUSTOM")
        }
        return OCNMessage(
            module: module,
            isCustom: isCustom,
            interface: try interface(fields),
            method: try method(fields),
            signature: try headers.text("OCN-Signature"),
            requestID: try headers.required("X-Request-ID"),
            correlationID: try headers.required("X-Correlation-ID"),
            sender: try party(headers, "sender"),
            receiver: try party(headers, "receiver"),
            urlPath: try urlPath(fields),
            query: try query(fields),
            queryText: try fields.text("query_text"),
            proxyUID: try fields.text("proxy_uid"),
            proxyResource: try fields.text("proxy_resource"),
            contentType: try fields.text("content_type"),
            contentEncoding: try fields.text("content_encoding"),
            body: try body(fields, isCustom: isCustom, bytes))
    }

    /// The sender that a message names, found without building a tree, for use before the signature is verified.
    /// - Throws: status 2001 for invalid JSON, and for a message without such a party, or with two.
    package static func sender(in bytes: ByteBuffer) throws(OCPIError) -> PartyID {
        let found: Range<Int>?
        do throws(JSONError) {
            found = try bytes.jsonRange(of: ["headers", "sender"])
        } catch {
            guard !error.isRepetition else { throw refusal("headers or sender occurs twice") }
            throw OCPIError(code: .invalidParameters, message: "The message is \(error)", kind: .unparsable)
        }
        guard let place = found, let sender = bytes.getSlice(at: bytes.readerIndex + place.lowerBound, length: place.count) else {
            throw refusal("sender is missing")
        }
        guard place.count <= longestText else { throw refusal("sender is longer than \(longestText) bytes") }
        guard let country = sender.jsonString(["country_code"]), let id = sender.jsonString(["party_id"]),
            let party = PartyID(country: country, party: id)
        else { throw noParty("sender") }
        return party
    }

    /// The longest path, query, id or signature, in bytes: longer ones could not be sent in a request either.
    private static let longestText = 16 * 1024

    private static func module(_ fields: Fields) throws(OCPIError) -> (ModuleID, isCustom: Bool) {
        let name = try fields.required("module")
        let customName = try fields.text("custom_module_id")
        guard name == custom else {
            guard customName == nil else { throw refusal("custom_module_id is only for module CUSTOM") }
            guard let module = ModuleID(ocnName: name) else { throw refusal("module is unknown") }
            return (module, false)
        }
        guard let customName else { throw refusal("custom_module_id is missing") }
        guard let module = ModuleID.custom(customName) else { throw refusal("custom_module_id is no name for a custom module") }
        return (module, true)
    }

    private static func interface(_ fields: Fields) throws(OCPIError) -> InterfaceRole {
        guard let interface = InterfaceRole(rawValue: try fields.required("interface_role")) else {
            throw refusal("interface_role is neither SENDER nor RECEIVER")
        }
        return interface
    }

    private static func method(_ fields: Fields) throws(OCPIError) -> Method {
        let method = Method(rawValue: try fields.required("method"))
        guard [.get, .put, .post, .patch, .delete].contains(method) else { throw refusal("method is unknown") }
        return method
    }

    private static func party(_ headers: Fields, _ name: String) throws(OCPIError) -> PartyID {
        let fields = try Fields(headers.present(name), known: partyNames, called: name)
        guard let party = PartyID(country: try fields.required("country_code"), party: try fields.required("party_id")) else {
            throw noParty(name)
        }
        return party
    }

    private static func noParty(_ name: String) -> OCPIError {
        refusal("\(name) is not a country code of 2 and a party id of 3 letters or digits")
    }

    private static func urlPath(_ fields: Fields) throws(OCPIError) -> String? {
        guard let path = try fields.text("url_path") else { return nil }
        guard !URLJoin.hasDotSegments(path) else { throw refusal("url_path leads out of the endpoint") }
        return path
    }

    private static func query(_ fields: Fields) throws(OCPIError) -> JSONValue? {
        guard let query = fields["query_params"] else { return nil }
        guard let members = query.members, members.allSatisfy({ $0.value.members == nil && $0.value.array == nil }) else {
            throw refusal("query_params is not an object of single values")
        }
        return query
    }

    private static func body(_ fields: Fields, isCustom: Bool, _ bytes: ByteBuffer) throws(OCPIError) -> ByteBuffer? {
        guard let value = fields["body"], let range = try? bytes.jsonRange(of: ["body"]) else { return nil }
        guard isCustom else { return bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) }
        if let text = value.string { return ByteBuffer(string: text) }
        guard let members = value.members, members.count == 1, members[0].name == "base64", let text = members[0].value.string else {
            throw refusal("the body of a custom module is neither a string nor an object of base64 alone")
        }
        guard let decoded = Base64.decode(text) else { throw refusal("base64 of the body is not base64") }
        return ByteBuffer(bytes: decoded)
    }

    fileprivate static func refusal(_ what: String) -> OCPIError {
        OCPIError(code: .invalidParameters, message: "Not an OCN message: \(what).")
    }

    /// One object of the message. A null member counts as absent.
    private struct Fields {
        private let value: JSONValue

        init(_ value: JSONValue, known: [String], called name: String) throws(OCPIError) {
            guard let members = value.members else { throw refusal("\(name) is not an object") }
            for name in known where members.count(where: { $0.name == name }) > 1 {
                throw refusal("\(name) occurs twice")
            }
            self.value = value
        }

        subscript(_ name: String) -> JSONValue? {
            value[name].flatMap { $0.isNull ? nil : $0 }
        }

        func present(_ name: String) throws(OCPIError) -> JSONValue {
            guard let value = self[name] else { throw refusal("\(name) is missing") }
            return value
        }

        func text(_ name: String) throws(OCPIError) -> String? {
            guard let value = self[name] else { return nil }
            guard let text = value.string else { throw refusal("\(name) is not a string") }
            guard text.utf8.count <= longestText else { throw refusal("\(name) is longer than \(longestText) bytes") }
            // These texts are put into headers and URLs of further requests.
            guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw refusal("\(name) contains control characters") }
            return text
        }

        func required(_ name: String) throws(OCPIError) -> String {
            guard let text = try text(name), !text.isEmpty else { throw refusal("\(name) is missing or empty") }
            return text
        }
    }
}
