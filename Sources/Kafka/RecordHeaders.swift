/// The headers of a record in their order. A name may stand more than once.
package struct RecordHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// In the order of the record.
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

    /// Adds a header at the end; nothing if the value is nil or empty.
    package mutating func append(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        fields.append(RecordHeader(name: name, value: value))
    }
}
