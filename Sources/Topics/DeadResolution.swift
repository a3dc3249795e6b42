package import Encoding
package import Kafka
import NIOCore

/// An operator's resolution of a dead letter: a further record of `ocn.dead`, in the dead letter's own partition.
///
/// Records are never changed, so the dead letter stays in the topic until it expires; the resolution marks it as handled.
package struct DeadResolution: Sendable, Equatable {
    /// The kind of resolution.
    package enum Kind: String, Sendable, CaseIterable {
        /// The copy was put back into its outbox.
        case replayed
        /// The copy will never be delivered.
        case discarded
    }

    /// The dead letter's partition of `ocn.dead`.
    package var partition: Int32
    /// The dead letter's offset.
    package var offset: Int64
    /// The copy's id, which keeps a resolution from applying to another record after the topic was deleted and created again.
    package var copyID: String
    /// The kind of resolution.
    package var kind: Kind
    /// The time of the resolution.
    package var at: Timestamp
    /// The operator, e.g. `anna@node-1`; empty if unknown.
    package var by: String

    package init(partition: Int32, offset: Int64, copyID: String, kind: Kind, at: Timestamp, by: String) {
        self.partition = partition
        self.offset = offset
        self.copyID = copyID
        self.kind = kind
        self.at = at
        self.by = by
    }

    /// Whether a record of `ocn.dead` is a resolution and not a dead letter.
    package static func isResolution(_ record: IncomingRecord) -> Bool { record.headers[HeaderName.deadResolution] != nil }

    /// The record for `ocn.dead`.
    /// - Parameter key: the dead letter's.
    package func outgoing(to topics: TopicNames, key: String?) -> OutgoingRecord {
        var headers = RecordHeaders()
        headers.append(HeaderName.specVersion, "1.0")
        headers.append(HeaderName.id, "\(copyID)/\(partition)/\(offset)/\(kind.rawValue)")
        headers.append(HeaderName.type, "\(EventType.prefix)dead.\(kind.rawValue)")
        headers.append(HeaderName.source, "/ocn/dead")
        headers.append(HeaderName.subject, copyID)
        headers.append(HeaderName.time, at.description)
        headers.append(HeaderName.deadResolution, kind.rawValue)
        headers.append(HeaderName.deadPartition, String(partition))
        headers.append(HeaderName.deadOffset, String(offset))
        headers.append(HeaderName.resolvedBy, by)
        // An empty value, not a missing one: a missing value would delete the dead letter of the same key.
        return OutgoingRecord(topic: topics.dead, partition: partition, key: key, value: ByteBuffer(), headers: headers)
    }

    /// Parses a resolution in `ocn.dead`.
    /// - Throws: an error that names the first missing or invalid header.
    package init(_ record: IncomingRecord) throws(RecordError) {
        kind = try record.headers.requiredParsed(HeaderName.deadResolution, Kind.init(rawValue:))
        partition = try record.headers.requiredParsed(HeaderName.deadPartition) { Int32($0) }
        offset = try record.headers.requiredParsed(HeaderName.deadOffset) { Int64($0) }
        copyID = try record.headers.required(HeaderName.subject)
        at = try record.headers.requiredParsed(HeaderName.time, Timestamp.init(rfc3339:))
        by = record.headers[HeaderName.resolvedBy] ?? ""
    }
}
