package import Kafka
import NIOCore
package import OCPI

/// Something that the hub tells a party or another node in its own time, in `ocn.announce`: a broadcast of one party to another, how a
/// party stands, or what one party sent to another and the hub stored by an operator's rule.
///
/// Nobody waits for it. It is tried for a short time, a newer one of the same object may replace it, and a party that cannot be
/// reached at the moment is not told later: it reads what it missed by itself (OCPI 2.2.1, 4.1.5 and 14.2).
package struct AnnouncementRecord: Sendable {
    /// What is sent: `from` is the hub, or the sender of a stored request; `to` is the party that is told. Configuration modules go without
    /// routing headers.
    package var request: RequestRecord
    /// Operator address of the node that is told, lower case; nil if a party is told. `request.to` is then the party it is about.
    package var node: String?
    /// From whom to whom a broadcast was, as spelled in its headers: its sender's signature fits these. Nil for what is not signed or has the
    /// parties that it was signed with.
    package var original: Route?

    /// From whom to whom a message is.
    package struct Route: Sendable, Equatable {
        /// Sender.
        package var from: PartyID
        /// Receiver.
        package var to: PartyID

        /// - Parameters: as the properties say.
        package init(from: PartyID, to: PartyID) {
            self.from = from
            self.to = to
        }
    }

    /// - Parameters: as the properties say.
    package init(request: RequestRecord, node: String? = nil, original: Route? = nil) {
        self.request = request
        self.node = node
        self.original = original
        self.request.deadline = nil
        self.request.reply = nil
        self.request.isStored = false
    }

    /// The record for `ocn.announce`. The key is the recipient and the object, so that what is told about one object to one recipient
    /// keeps its order.
    package func outgoing(to topics: TopicNames) -> OutgoingRecord {
        var headers = request.commonHeaders()
        headers.append(HeaderName.node, node)
        headers.append(HeaderName.originalFrom, original?.from.description)
        headers.append(HeaderName.originalTo, original?.to.description)
        let recipient = node ?? request.to.canonical.description
        return OutgoingRecord(
            topic: topics.announce, key: "\(recipient)|\(request.key ?? "\(request.module)|\(request.path)")",
            value: request.body.unlessEmpty, headers: headers)
    }

    /// Reads a record of `ocn.announce`.
    /// - Throws: the first header that is missing or not understood.
    package init(_ record: IncomingRecord) throws(RecordError) {
        request = try RequestRecord(record)
        node = record.headers[HeaderName.node]
        let from = try record.headers.parsed(HeaderName.originalFrom) { PartyID($0) }
        let to = try record.headers.parsed(HeaderName.originalTo) { PartyID($0) }
        original = from.flatMap { from in to.map { Route(from: from, to: $0) } }
    }
}
