import Encoding
package import Kafka
import NIOCore

/// A record for a topic.
package struct RecordCase: Sendable {
    /// What kind of input this is.
    package var kind: String
    /// The record.
    package var record: OutgoingRecord

    /// - Parameters: as the properties say.
    package init(_ kind: String, _ record: OutgoingRecord) {
        self.kind = kind
        self.record = record
    }

    /// All of it as one text, to show it and to compare it.
    package var text: String {
        let partition = record.partition.map { "[\($0)]" } ?? ""
        let headers = record.headers.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
        return
            "\(record.topic)\(partition) key=\(record.key ?? "none") \(headers) value=\(record.value.map { String(buffer: $0) } ?? "none")"
    }
}
