package import Encoding
import NIOCore
package import OCPI
package import Topics

/// A dead letter without its body, as lists show it.
package struct DeadLetter: Sendable, Equatable {
    /// A position in `ocn.dead`.
    package struct Place: Sendable, Hashable, Comparable {
        /// The partition.
        package var partition: Int32
        /// The offset.
        package var offset: Int64

        package init(partition: Int32, offset: Int64) {
            self.partition = partition
            self.offset = offset
        }

        /// By partition, then offset: the order in which the copies of one object must be replayed.
        package static func < (a: Place, b: Place) -> Bool { (a.partition, a.offset) < (b.partition, b.offset) }
    }

    /// Its position in `ocn.dead`.
    package var place: Place
    /// The Kafka key of the copied request; nil for a read.
    package var key: String?
    /// Id of the copy. The same copy may have several dead letters.
    package var copyID: String
    /// The service that the copy was for.
    package var recipient: PartyID
    /// The party that sent the request.
    package var sender: PartyID
    /// Method and module of the request, e.g. `POST cdrs`.
    package var request: String
    /// When the request was accepted.
    package var time: Timestamp
    /// The reason, e.g. `expired` or `rejected: HTTP 400`.
    package var cause: String
    /// The number of attempts.
    package var attempts: Int
    /// HTTP status of the last answer.
    package var lastHTTPStatus: Int?
    /// OCPI `status_code` of the last answer.
    package var lastStatus: Int?
    /// When the dead letter was written.
    package var diedAt: Timestamp
    /// Size of the body, bytes.
    package var bytes: Int
    /// The operator's resolution; nil if there is none.
    package var resolution: DeadResolution?

    /// - Parameters:
    ///   - dead: the record.
    ///   - place: its position.
    package init(_ dead: DeadRecord, at place: Place) {
        let request = dead.copy.request
        self.place = place
        key = request.key
        copyID = dead.copy.id
        recipient = request.to.canonical
        sender = request.from.canonical
        self.request = "\(request.method.rawValue) \(request.module)"
        time = request.time
        cause = dead.cause
        attempts = dead.attempts
        lastHTTPStatus = dead.lastHTTPStatus
        lastStatus = dead.lastStatus
        diedAt = dead.diedAt
        bytes = request.body?.readableBytes ?? 0
    }

    /// The JSON output.
    package var json: JSONValue {
        .object([
            "id": .string(copyID), "recipient": .string(recipient.description), "sender": .string(sender.description),
            "request": .string(request), "time": .string(time.description), "died": .string(diedAt.description),
            "cause": .string(cause), "attempts": .number(String(attempts)),
            "http_status": lastHTTPStatus.map { .number(String($0)) }, "status_code": lastStatus.map { .number(String($0)) },
            "bytes": .number(String(bytes)), "key": key.map(JSONValue.string), "partition": .number(String(place.partition)),
            "offset": .number(String(place.offset)), "resolution": resolution?.json,
        ])
    }
}

extension DeadResolution {
    /// The JSON output.
    var json: JSONValue {
        ["kind": .string(kind.rawValue), "at": .string(at.description), "by": .string(by)]
    }
}
