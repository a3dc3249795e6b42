import Kafka
import NIOCore
import OCPI
import Topics

/// A record that PUSH delivers: a copy from an outbox, or an announcement from `ocn.announce`.
enum OutboxRecord: Sendable {
    case copy(CopyRecord)
    case announcement(AnnouncementRecord)

    /// - Throws: the first header that is missing or malformed.
    init(_ record: IncomingRecord, announce topic: String) throws(RecordError) {
        self = record.topic == topic ? .announcement(try AnnouncementRecord(record)) : .copy(try CopyRecord(record))
    }

    var request: RequestRecord {
        switch self {
        case .copy(let copy): copy.request
        case .announcement(let announcement): announcement.request
        }
    }

    var recipient: Recipient {
        switch self {
        case .copy(let copy): .party(copy.request.to.canonical)
        case .announcement(let announcement): announcement.node.map(Recipient.node) ?? .party(announcement.request.to.canonical)
        }
    }

    /// Nil for a copy: every copy must arrive.
    var supersession: Supersession? {
        guard case .announcement(let announcement) = self else { return nil }
        return Supersession(place: announcement.request.place, isWhole: [.put, .delete].contains(announcement.request.method))
    }
}

extension PendingRecord<OutboxRecord> {
    /// Approximate memory of a record besides its body, bytes.
    private static let overhead = 2048

    init(_ record: IncomingRecord, _ outboxRecord: OutboxRecord) {
        self.init(
            partition: record.topicPartition, offset: record.offset, epoch: record.epoch, recipient: outboxRecord.recipient,
            key: record.key, supersession: outboxRecord.supersession,
            bytes: (outboxRecord.request.body?.readableBytes ?? 0) + Self.overhead,
            payload: outboxRecord)
    }
}
