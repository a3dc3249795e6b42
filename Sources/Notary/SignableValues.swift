package import Encoding

/// The signed values of a request or response: some headers, the query parameters and the body. Not signed: method, path, X-Request-ID,
/// Authorization.
package struct SignableValues: Sendable, Equatable {
    /// The headers, with lower-case names in canonical order.
    package var headers: [JSONMember]

    /// Query parameters in the order of the query.
    package var params: [JSONMember]

    /// The parsed body; for custom modules `.string` with the exact text of the body.
    package var body: JSONValue?

    /// The headers that a request signs, in the order of signing.
    package static let requestHeaders = [
        "x-correlation-id", "ocpi-from-country-code", "ocpi-from-party-id", "ocpi-to-country-code", "ocpi-to-party-id",
    ]
    /// The headers that a response signs, in the order of signing.
    package static let responseHeaders = ["x-limit", "x-total-count", "link", "location"]

    /// Members of a response envelope that describe the signature and are therefore not signed.
    private static let unsignedMembers: Set<String> = ["ocn_signature", "ocn_verification_status"]

    package init(headers: [JSONMember], params: [JSONMember] = [], body: JSONValue?) {
        self.headers = headers
        self.params = params
        self.body = body
    }

    /// The signed values of a request. `header` returns the value of a lower-case header name.
    package static func request(params: [JSONMember] = [], body: JSONValue?, header: (String) -> String?) -> SignableValues {
        SignableValues(headers: members(requestHeaders, header), params: params, body: body)
    }

    /// The signed values of a response. `envelope` is the whole OCPI response; its signature is left out.
    package static func response(envelope: JSONValue?, header: (String) -> String?) -> SignableValues {
        var body = envelope
        if let members = envelope?.members {
            body = .object(members.filter { !unsignedMembers.contains($0.name) })
        }
        return SignableValues(headers: members(responseHeaders, header), body: body)
    }

    private static func members(_ names: [String], _ header: (String) -> String?) -> [JSONMember] {
        names.compactMap { name in
            header(name).map { JSONMember(name: name, value: .string($0)) }
        }
    }

    /// The value at a place that hubs may change; setting nil writes null. Nil if the body is no object.
    package subscript(place: SignedPlace) -> JSONValue? {
        get {
            switch place {
            case .header(let name): headers.first { $0.name == name }?.value
            case .parameter(let name): params.first { $0.name == name }?.value
            case .bodyMember(let name): body?[name]
            }
        }
        set {
            let member = JSONMember(name: place.name, value: newValue ?? .null)
            switch place {
            case .header:
                Self.set(member, in: &headers)
                let order = Self.requestHeaders + Self.responseHeaders
                headers.sort { (order.firstIndex(of: $0.name) ?? order.count) < (order.firstIndex(of: $1.name) ?? order.count) }
            case .parameter:
                Self.set(member, in: &params)
            case .bodyMember:
                guard var members = body?.members else { return }
                Self.set(member, in: &members)
                body = .object(members)
            }
        }
    }

    private static func set(_ member: JSONMember, in members: inout [JSONMember]) {
        if let index = members.firstIndex(where: { $0.name == member.name }) {
            members[index] = member
        } else {
            members.append(member)
        }
    }
}

// MARK: - Walk

extension SignableValues {
    /// Calls `visit` for every signed value (not null, not empty), depth first in member order.
    ///
    /// Paths are UTF-8 in the form of the notary libraries: `$['body']['a'][0]`, names unescaped. Below a name with an apostrophe a path is
    /// ambiguous; such values are marked as not addressable.
    func forEachSignedValue(_ visit: (_ path: [UInt8], _ value: JSONValue, _ isAddressable: Bool) -> Void) {
        var path = Array("$".utf8)
        Self.walk(members, &path, true, visit)
    }

    /// Whether any object has two members of one name, so that readers may disagree about its value.
    var hasDuplicateMembers: Bool {
        Self.hasDuplicates(.object(members))
    }

    private var members: [JSONMember] {
        var members = [JSONMember(name: "headers", value: .object(headers)), JSONMember(name: "params", value: .object(params))]
        if let body { members.append(JSONMember(name: "body", value: body)) }
        return members
    }

    // The recursions are as deep as the value, which the JSON reader bounds.

    private static func walk(
        _ members: [JSONMember], _ path: inout [UInt8], _ isAddressable: Bool, _ visit: ([UInt8], JSONValue, Bool) -> Void
    ) {
        let length = path.count
        for member in members {
            path.append(contentsOf: "['".utf8)
            path.append(contentsOf: member.name.utf8)
            path.append(contentsOf: "']".utf8)
            walk(member.value, &path, isAddressable && !member.name.utf8.contains(UInt8(ascii: "'")), visit)
            path.removeSubrange(length...)
        }
    }

    private static func walk(
        _ value: JSONValue, _ path: inout [UInt8], _ isAddressable: Bool, _ visit: ([UInt8], JSONValue, Bool) -> Void
    ) {
        switch value {
        case .object(let members):
            walk(members, &path, isAddressable, visit)
        case .array(let elements):
            let length = path.count
            for (index, element) in elements.enumerated() {
                path.append(contentsOf: "[\(index)]".utf8)
                walk(element, &path, isAddressable, visit)
                path.removeSubrange(length...)
            }
        case .null:
            break
        case .string(let text):
            if !text.isEmpty { visit(path, value, isAddressable) }
        case .bool, .number:
            visit(path, value, isAddressable)
        }
    }

    private static func hasDuplicates(_ value: JSONValue) -> Bool {
        switch value {
        case .object(let members):
            // Names as bytes: String would take canonically equivalent names for equal.
            if members.count <= 8 {
                for (index, member) in members.enumerated() {
                    for earlier in members[..<index] where earlier.name.utf8.elementsEqual(member.name.utf8) { return true }
                }
            } else if Set(members.map { Array($0.name.utf8) }).count < members.count {
                return true
            }
            return members.contains { hasDuplicates($0.value) }
        case .array(let elements):
            return elements.contains(where: hasDuplicates)
        case .null, .bool, .number, .string:
            return false
        }
    }
}

extension JSONValue {
    /// The value's part of the signed text; nil for null and containers, which are not signed.
    func signedText(_ numbers: NumberDialect) -> String? {
        switch self {
        case .null, .array, .object: nil
        case .bool(let bool): bool ? "true" : "false"
        case .number(let literal): numbers.text(of: literal)
        case .string(let text): text
        }
    }
}
