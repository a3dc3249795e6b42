package import Encoding
import NIOCore
package import OCPI
package import Topics

/// A copy that was given up, as a list shows it: everything but its body.
package struct DeadLetter: Sendable, Equatable {
    /// Where it stands in `ocn.dead`.
    package struct Place: Sendable, Hashable, Comparable {
        /// Partition.
        package var partition: Int32
        /// Offset.
        package var offset: Int64

        /// - Parameters: as the properties say.
        package init(partition: Int32, offset: Int64) {
            self.partition = partition
            self.offset = offset
        }

        /// By partition, then offset: the order in which one object's copies are to be replayed.
        package static func < (a: Place, b: Place) -> Bool { (a.partition, a.offset) < (b.partition, b.offset) }
    }

    /// Where it stands.
    package var place: Place
    /// Kafka key, the copied request's; nil for a read.
    package var key: String?
    /// Id of the copy. The same copy may have died more than once.
    package var copyID: String
    /// The service it was for.
    package var recipient: PartyID
    /// Who sent the request.
    package var sender: PartyID
    /// What was copied, e.g. `POST cdrs`.
    package var request: String
    /// When the request was accepted.
    package var time: Timestamp
    /// Why it was given up, e.g. `expired` or `rejected: HTTP 400`.
    package var cause: String
    /// How often it was sent.
    package var attempts: Int
    /// HTTP status of the last answer.
    package var lastHTTPStatus: Int?
    /// OCPI `status_code` of the last answer.
    package var lastStatus: Int?
    /// When it was given up.
    package var diedAt: Timestamp
    /// Size of the body, bytes.
    package var bytes: Int
    /// What was done about it; nil if nothing yet.
    package var resolution: DeadResolution?

    /// - Parameters:
    ///   - dead: what the record says.
    ///   - place: where it stands.
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

    /// For programs.
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
    /// For programs.
    var json: JSONValue {
        ["kind": .string(kind.rawValue), "at": .string(at.description), "by": .string(by)]
    }
}
