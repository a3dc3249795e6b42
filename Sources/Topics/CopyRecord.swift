package import Encoding
package import Kafka
import NIOCore
package import OCPI

/// A copy of a request in the outbox of a service that the sender agreed to.
///
/// It is the request with the receiver replaced by the service: same path, query, body bytes and correlation id; no deadline.
package struct CopyRecord: Sendable {
    /// The copy's id. It is deterministic: a repeated request gives the same id; see MATCHER.
    package var id: String
    /// The request as sent to the service: `to` is the service, `id` the copy's.
    package var request: RequestRecord
    /// Id of the request in `ocn.requests`.
    package var copyOf: String
    /// The permission that matched.
    package var permission: Permission
    /// The receiver of the original request, as spelled in `OCPI-to-*`, which the sender signed. Nil in records of older versions.
    package var originalReceiver: PartyID? { request.originalReceiver }
    /// When an operator replayed it from `ocn.dead`; nil for a copy that was not replayed.
    package var replayedAt: Timestamp?

    /// The start of the delivery time limit: a replayed copy gets the whole time again.
    package var triedSince: Timestamp { replayedAt ?? request.time }

    /// - Parameters:
    ///   - original: the request in `ocn.requests`.
    ///   - id: the copy's deterministic id.
    ///   - service: the recipient of the copy.
    ///   - permission: the permission that matched.
    package init(of original: RequestRecord, id: String, for service: PartyID, permission: Permission) {
        self.id = id
        self.copyOf = original.id
        self.permission = permission
        request = original
        request.originalReceiver = original.originalReceiver ?? original.to
        request.id = id
        request.to = service
        request.deadline = nil
        request.reply = nil
        request.target = nil
    }

    /// The record for the service's outbox.
    package func outgoing(to topics: TopicNames) -> OutgoingRecord {
        OutgoingRecord(topic: topics.outbox(request.to), key: request.key, value: request.body.unlessEmpty, headers: headers())
    }

    func headers() -> RecordHeaders {
        var headers = request.commonHeaders()
        headers.append(HeaderName.copyOf, copyOf)
        headers.append(HeaderName.permission, String(permission.rawValue))
        headers.append(HeaderName.originalTo, originalReceiver?.description)
        headers.append(HeaderName.replayed, replayedAt?.description)
        return headers
    }

    /// Parses a record of an outbox or of `ocn.dead`.
    /// - Throws: an error that names the first missing or invalid header.
    package init(_ record: IncomingRecord) throws(RecordError) {
        request = try RequestRecord(record)
        id = request.id
        copyOf = try record.headers.required(HeaderName.copyOf)
        permission = try record.headers.requiredParsed(HeaderName.permission) { Int($0).flatMap(Permission.init(rawValue:)) }
        replayedAt = try record.headers.parsed(HeaderName.replayed, Timestamp.init(rfc3339:))
    }
}
