/// An ordered JSON tree that keeps number text: parsing and writing a value only changes whitespace and escapes. Members keep their order,
/// even if a name occurs twice.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The literal as in the text, e.g. `1.10`. It is written verbatim, so it must be a JSON number.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])
}

extension JSONValue {
    /// The number literal of an integer.
    package static func int(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// An object of the members with a value, in this order.
    package static func object(_ pairs: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(pairs.compactMap { name, value in value.map { JSONMember(name: name, value: $0) } })
    }

    /// The first member with exactly this name (compared by bytes). Nil if there is none or this is no object.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The first of these names that occurs twice in this object; nil if each occurs at most once, or this is no object. Parsers differ in
    /// which of two equal names they use.
    package func repeated(among names: [String]) -> String? {
        guard case .object(let members) = self else { return nil }
        return names.first { name in members.count { $0.name.utf8.elementsEqual(name.utf8) } > 1 }
    }

    /// The text of a string, else nil.
    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value of an integer literal. Nil for `1.0` and for what `Int` cannot hold.
    package var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    /// The nearest double. Nil if the number is beyond its range.
    package var double: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The value of a Boolean, else nil.
    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements of an array, else nil.
    package var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an object in their order, else nil.
    package var members: [JSONMember]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// Whether this is `null`.
    package var isNull: Bool { self == .null }
}

extension JSONValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    package init(stringLiteral value: String) { self = .string(value) }
    /// A number.
    package init(integerLiteral value: Int) { self = .int(value) }
    /// A Boolean.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object with its members in the order written.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { JSONMember(name: $0.0, value: $0.1) })
    }
}
