package import Kafka
import NIOCore
package import OCPI

/// A record of `ocn.announce`, a request of the hub to a party or another node: a broadcast of one party to another, the status of a party,
/// or a request that the hub stored for its recipient by an operator's rule.
///
/// No caller waits for it. It is retried for a short time, a newer one of the same object may replace it, and a party that cannot be
/// reached at the moment does not get it later: it fetches the missed objects by itself (OCPI 2.2.1, 4.1.5 and 14.2).
package struct AnnouncementRecord: Sendable {
    /// The request to send: `from` is the hub, or the sender of a stored request; `to` is the recipient. Requests of configuration modules
    /// have no routing headers.
    package var request: RequestRecord
    /// Operator address of the recipient node, lower case; nil if the recipient is a party. `request.to` is then the party that the request
    /// is about.
    package var node: String?
    /// Sender and receiver of the original broadcast, as spelled in its headers: its sender's signature covers these. Nil for unsigned
    /// requests and for those that keep the signed parties.
    package var original: Route?

    /// The sender and the receiver of a message.
    package struct Route: Sendable, Equatable {
        /// Sender.
        package var from: PartyID
        /// Receiver.
        package var to: PartyID

        package init(from: PartyID, to: PartyID) {
            self.from = from
            self.to = to
        }
    }

    /// An announcement of the request, without deadline and reply address, because no caller waits for it.
    package init(request: RequestRecord, node: String? = nil, original: Route? = nil) {
        self.request = request
        self.node = node
        self.original = original
        self.request.deadline = nil
        self.request.reply = nil
        self.request.isStored = false
    }

    /// The record for `ocn.announce`. The key is the recipient and the object, so that announcements of one object to one recipient keep
    /// their order.
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

    /// Parses a record of `ocn.announce`.
    /// - Throws: an error that names the first missing or invalid header.
    package init(_ record: IncomingRecord) throws(RecordError) {
        request = try RequestRecord(record)
        node = record.headers[HeaderName.node]
        let from = try record.headers.parsed(HeaderName.originalFrom) { PartyID($0) }
        let to = try record.headers.parsed(HeaderName.originalTo) { PartyID($0) }
        original = from.flatMap { from in to.map { Route(from: from, to: $0) } }
    }
}
