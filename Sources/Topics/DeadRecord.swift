package import Encoding
package import Kafka
import NIOCore
import OCPI

/// A dead letter in `ocn.dead`: an undelivered copy, with what an operator needs to judge and to replay it.
package struct DeadRecord: Sendable {
    /// The copy as in its outbox.
    package var copy: CopyRecord
    /// The reason, e.g. `expired` or `rejected`.
    package var cause: String
    /// The number of delivery attempts.
    package var attempts: Int
    /// HTTP status of the last answer.
    package var lastHTTPStatus: Int?
    /// OCPI `status_code` of the last answer.
    package var lastStatus: Int?
    /// When delivery was given up.
    package var diedAt: Timestamp

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

    /// Parses a dead letter in `ocn.dead`.
    /// - Throws: an error that names the first missing or invalid header.
    package init(_ record: IncomingRecord) throws(RecordError) {
        copy = try CopyRecord(record)
        cause = try record.headers.required(HeaderName.deadCause)
        diedAt = try record.headers.requiredParsed(HeaderName.deadTime, Timestamp.init(rfc3339:))
        attempts = try record.headers.parsed(HeaderName.attempts) { Int($0) } ?? 0
        lastHTTPStatus = try record.headers.parsed(HeaderName.httpStatus) { Int($0) }
        lastStatus = try record.headers.parsed(HeaderName.ocpiStatus) { Int($0) }
    }
}
