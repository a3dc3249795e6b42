/// One header of a record.
package struct RecordHeader: Sendable, Hashable {
    /// The name; case-sensitive, as in Kafka.
    package var name: String
    /// UTF-8 text; invalid UTF-8 of a foreign producer is repaired.
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
