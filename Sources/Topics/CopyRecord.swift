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

/// A copy that was given up, in `ocn.dead`, with what is needed to judge and to replay it.
package struct DeadRecord: Sendable {
    /// The copy as it stood in its outbox.
    package var copy: CopyRecord
    /// Why it was given up, e.g. `expired` or `rejected`.
    package var cause: String
    /// How often it was sent.
    package var attempts: Int
    /// HTTP status of the last answer.
    package var lastHTTPStatus: Int?
    /// OCPI `status_code` of the last answer.
    package var lastStatus: Int?
    /// When it was given up.
    package var diedAt: Timestamp

    /// - Parameters: as the properties say.
    package init(copy: CopyRecord, cause: String, attempts: Int, lastHTTPStatus: Int?, lastStatus: Int?, diedAt: Timestamp) {
        self.copy = copy
        self.cause = cause
        self.attempts = attempts
        self.lastHTTPStatus = lastHTTPStatus
        self.lastStatus = lastStatus
        self.diedAt = diedAt
    }

    /// The record for `ocn.dead`; the key keeps a recipient's objects together.
    package func outgoing(to topics: TopicNames) -> OutgoingRecord {
        var headers = copy.headers()
        headers.append(HeaderName.deadCause, cause)
        headers.append(HeaderName.deadTime, diedAt.description)
        headers.append(HeaderName.attempts, String(attempts))
        headers.append(HeaderName.httpStatus, lastHTTPStatus.map(String.init))
        headers.append(HeaderName.ocpiStatus, lastStatus.map(String.init))
        return OutgoingRecord(topic: topics.dead, key: copy.request.key, value: copy.request.body.unlessEmpty, headers: headers)
    }

    /// Reads a record of `ocn.dead`.
    /// - Throws: the first header that is missing or not understood.
    package init(_ record: IncomingRecord) throws(RecordError) {
        copy = try CopyRecord(record)
        cause = try record.headers.required(HeaderName.deadCause)
        diedAt = try record.headers.requiredParsed(HeaderName.deadTime, Timestamp.init(rfc3339:))
        attempts = try record.headers.parsed(HeaderName.attempts) { Int($0) } ?? 0
        lastHTTPStatus = try record.headers.parsed(HeaderName.httpStatus) { Int($0) }
        lastStatus = try record.headers.parsed(HeaderName.ocpiStatus) { Int($0) }
    }
}
