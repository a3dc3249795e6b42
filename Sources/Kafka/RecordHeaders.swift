/// The headers of a record in their order. A name may occur more than once.
package struct RecordHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The headers in the record's order.
    package var fields: [RecordHeader]

    /// No headers, or those given.
    package init(_ fields: [RecordHeader] = []) {
        self.fields = fields
    }

    /// Keeps the literal's order.
    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { RecordHeader(name: $0.0, value: $0.1) }
    }

    /// The value of the last header of that name.
    package subscript(_ name: String) -> String? {
        fields.last { $0.name == name }?.value
    }

    /// Adds a header at the end; does nothing if the value is nil or empty.
    package mutating func append(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        fields.append(RecordHeader(name: name, value: value))
    }
}
