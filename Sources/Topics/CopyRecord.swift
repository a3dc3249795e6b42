package import Encoding
package import Kafka
import NIOCore
package import OCPI

/// A copy of a request for a service that the sender agreed to, as it stands in the service's outbox.
///
/// It is the request with the receiver replaced by the service: same path, query, body bytes and correlation id; no deadline.
package struct CopyRecord: Sendable {
    /// The same copy always has the same id, also when the client repeats its request; see the MATCHER.
    package var id: String
    /// The request as the service sees it: `to` is the service, `id` the copy's.
    package var request: RequestRecord
    /// Id of the request in `ocn.requests`.
    package var copyOf: String
    /// The permission that matched.
    package var permission: Permission
    /// Whom the request was for, as spelled in `OCPI-to-*`: the sender signed that. Nil in records of older versions.
    package var originalReceiver: PartyID? { request.originalReceiver }
    /// When an operator put it back from `ocn.dead`; nil if nobody did.
    package var replayedAt: Timestamp?

    /// From when on it is tried until the horizon: a replayed copy has its whole time again.
    package var triedSince: Timestamp { replayedAt ?? request.time }

    /// - Parameters:
    ///   - original: the request as it stands in `ocn.requests`.
    ///   - id: the copy's deterministic id.
    ///   - service: who receives the copy.
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

    /// Reads a record of an outbox or of `ocn.dead`.
    /// - Throws: the first header that is missing or not understood.
    package init(_ record: IncomingRecord) throws(RecordError) {
        request = try RequestRecord(record)
        id = request.id
        copyOf = try record.headers.required(HeaderName.copyOf)
        permission = try record.headers.requiredParsed(HeaderName.permission) { Int($0).flatMap(Permission.init(rawValue:)) }
        replayedAt = try record.headers.parsed(HeaderName.replayed, Timestamp.init(rfc3339:))
    }
}
