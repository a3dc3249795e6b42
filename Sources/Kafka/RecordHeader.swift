/// One header of a record.
package struct RecordHeader: Sendable, Hashable {
    /// Case-sensitive, as Kafka keeps it.
    package var name: String
    /// UTF-8 text; bytes of a foreign producer that are not UTF-8 are repaired.
    package var value: String

    /// - Parameters: as the properties say.
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
