package import Encoding
package import Kafka
import NIOCore

/// What an operator did about a dead letter: a further record of `ocn.dead`, in the dead letter's own partition.
///
/// Records are never changed, so the dead letter stays where it is until it expires; this says that nobody needs to look at it any more.
package struct DeadResolution: Sendable, Equatable {
    /// What was done.
    package enum Kind: String, Sendable, CaseIterable {
        /// The copy stands in its outbox again.
        case replayed
        /// The copy will never be delivered.
        case discarded
    }

    /// Where the dead letter stands in `ocn.dead`.
    package var partition: Int32
    /// Where the dead letter stands in `ocn.dead`.
    package var offset: Int64
    /// Id of the copy, so that a topic that was deleted and made anew mixes nothing up.
    package var copyID: String
    /// What was done.
    package var kind: Kind
    /// When.
    package var at: Timestamp
    /// Who did it, e.g. `anna@node-1`; empty if unknown.
    package var by: String

    /// - Parameters: as the properties say.
    package init(partition: Int32, offset: Int64, copyID: String, kind: Kind, at: Timestamp, by: String) {
        self.partition = partition
        self.offset = offset
        self.copyID = copyID
        self.kind = kind
        self.at = at
        self.by = by
    }

    /// Whether a record of `ocn.dead` is a resolution and no dead letter.
    package static func isOne(_ record: IncomingRecord) -> Bool { record.headers[HeaderName.deadResolution] != nil }

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
        // An empty value, not none: it stands under the dead letter's key and is no deletion of it.
        return OutgoingRecord(topic: topics.dead, partition: partition, key: key, value: ByteBuffer(), headers: headers)
    }

    /// Reads a resolution in `ocn.dead`.
    /// - Throws: the first header that is missing or not understood.
    package init(_ record: IncomingRecord) throws(RecordError) {
        kind = try record.headers.requiredParsed(HeaderName.deadResolution, Kind.init(rawValue:))
        partition = try record.headers.requiredParsed(HeaderName.deadPartition) { Int32($0) }
        offset = try record.headers.requiredParsed(HeaderName.deadOffset) { Int64($0) }
        copyID = try record.headers.required(HeaderName.subject)
        at = try record.headers.requiredParsed(HeaderName.time, Timestamp.init(rfc3339:))
        by = record.headers[HeaderName.resolvedBy] ?? ""
    }
}
