import Encoding
package import Kafka
import NIOCore

/// A record for a topic.
package struct RecordCase: Sendable {
    /// The kind of input.
    package var kind: String
    /// The record.
    package var record: OutgoingRecord

    package init(_ kind: String, _ record: OutgoingRecord) {
        self.kind = kind
        self.record = record
    }

    /// The whole record as text, for output and comparison.
    package var text: String {
        let partition = record.partition.map { "[\($0)]" } ?? ""
        let headers = record.headers.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
        return
            "\(record.topic)\(partition) key=\(record.key ?? "none") \(headers) value=\(record.value.map { String(buffer: $0) } ?? "none")"
    }
}
