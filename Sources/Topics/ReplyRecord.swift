package import Encoding
package import Kafka
package import NIOCore
package import OCPI

/// The outcome of a request.
package enum ReplyOutcome: String, Sendable, CaseIterable {
    /// The recipient answered; its answer is forwarded unchanged, whatever its status.
    case answered
    /// The request was sent, and no answer came by the deadline.
    case timeout
    /// The request was not sent: the recipient could not be reached.
    case unreachable
    /// The request was not sent: the hub refused it; `status` gives the reason.
    case refused
    /// The request was not sent: the deadline had passed before its turn.
    case expired
}

/// The answer to one request, in `ocn.replies`.
package struct ReplyRecord: Sendable {
    /// ``RequestRecord/id`` of the request.
    package var requestID: String
    /// `ce_type` of the request; the reply's own is this and `.reply`.
    package var requestType: String
    /// The address of the waiting process.
    package var address: ReplyAddress
    /// The party that answered, or the one that should have.
    package var from: PartyID
    /// When the answer was complete.
    package var time: Timestamp
    /// The outcome of the request.
    package var outcome: ReplyOutcome
    /// HTTP status of the recipient; only when answered.
    package var httpStatus: Int?
    /// The hub's own OCPI status; only when not answered.
    package var status: StatusCode?
    /// The hub's own message; only when not answered.
    package var message: String?
    /// The recipient's headers among ``passedHeaders``; others are left out.
    package var headers: RecordHeaders
    /// `Content-Type` of the body.
    package var contentType: String?
    /// The recipient's body, unchanged.
    package var body: ByteBuffer?
    /// W3C trace context of the request.
    package var trace: TraceContext
    /// Why the request had no effect; only when not answered.
    package var notDone: NotDone?

    /// The answer to `request`, for the waiting process. The parameters are those of the other initialiser.
    package init(
        to request: RequestRecord, at address: ReplyAddress, from: PartyID, time: Timestamp, outcome: ReplyOutcome, httpStatus: Int? = nil,
        status: StatusCode? = nil, message: String? = nil, headers: RecordHeaders = RecordHeaders(), contentType: String? = nil,
        body: ByteBuffer? = nil, notDone: NotDone? = nil
    ) {
        self.init(
            requestID: request.id,
            requestType: EventType(module: request.module, interface: request.interface, method: request.method).text,
            address: address, from: from, time: time, outcome: outcome, httpStatus: httpStatus, status: status, message: message,
            headers: headers, contentType: contentType, body: body, trace: request.trace, notDone: notDone)
    }

    package init(
        requestID: String, requestType: String, address: ReplyAddress, from: PartyID, time: Timestamp, outcome: ReplyOutcome,
        httpStatus: Int? = nil,
        status: StatusCode? = nil, message: String? = nil, headers: RecordHeaders = RecordHeaders(), contentType: String? = nil,
        body: ByteBuffer? = nil, trace: TraceContext = TraceContext(), notDone: NotDone? = nil
    ) {
        self.requestID = requestID
        self.requestType = requestType
        self.address = address
        self.from = from
        self.time = time
        self.outcome = outcome
        self.httpStatus = httpStatus
        self.status = status
        self.message = message
        self.headers = headers
        self.contentType = contentType
        self.body = body
        self.trace = trace
        self.notDone = notDone
    }

    /// The record for the waiting process's partition of `ocn.replies`.
    package func outgoing(to topics: TopicNames) -> OutgoingRecord {
        var fields = RecordHeaders()
        fields.append(HeaderName.specVersion, "1.0")
        fields.append(HeaderName.id, requestID + ".reply")
        fields.append(HeaderName.type, requestType + ReplyRecord.typeSuffix)
        fields.append(HeaderName.source, "/\(from.country)/\(from.party)")
        fields.append(HeaderName.time, time.description)
        fields.append(HeaderName.contentType, contentType)
        fields.append(HeaderName.replyTo, requestID)
        fields.append(HeaderName.replyEpoch, String(address.epoch))
        fields.append(HeaderName.outcome, outcome.rawValue)
        fields.append(HeaderName.httpStatus, httpStatus.map(String.init))
        fields.append(HeaderName.ocpiStatus, status.map { String($0.rawValue) })
        fields.append(HeaderName.message, message)
        fields.append(HeaderName.notDone, notDone?.rawValue)
        for name in ReplyRecord.passedHeaders { fields.append(name, headers[name]) }
        fields.append(HeaderName.traceparent, trace.traceparent)
        fields.append(HeaderName.tracestate, trace.tracestate)
        return OutgoingRecord(
            topic: topics.replies, partition: address.partition, value: body.unlessEmpty, headers: fields)
    }

    /// Parses a record of `ocn.replies`.
    /// - Throws: an error that names the first missing or invalid header.
    package init(_ record: IncomingRecord) throws(RecordError) {
        let fields = record.headers
        var passed = RecordHeaders()
        for name in ReplyRecord.passedHeaders { passed.append(name, fields[name]) }
        self.init(
            requestID: try fields.required(HeaderName.replyTo),
            requestType: try fields.requiredParsed(HeaderName.type) {
                $0.hasSuffix(ReplyRecord.typeSuffix) ? String($0.dropLast(ReplyRecord.typeSuffix.count)) : nil
            },
            address: ReplyAddress(
                partition: record.partition, epoch: try fields.requiredParsed(HeaderName.replyEpoch) { UInt64($0) }),
            from: try fields.requiredParsed(HeaderName.source) { PartyID($0.dropFirst()) },
            time: try fields.requiredParsed(HeaderName.time, Timestamp.init(rfc3339:)),
            outcome: try fields.requiredParsed(HeaderName.outcome, ReplyOutcome.init(rawValue:)),
            httpStatus: try fields.parsed(HeaderName.httpStatus) { Int($0) },
            status: try fields.parsed(HeaderName.ocpiStatus) { Int($0).map(StatusCode.init(rawValue:)) },
            message: fields[HeaderName.message], headers: passed, contentType: fields[HeaderName.contentType],
            body: record.value.unlessEmpty,
            trace: TraceContext(traceparent: fields[HeaderName.traceparent], tracestate: fields[HeaderName.tracestate]),
            notDone: fields[HeaderName.notDone].map { NotDone(header: $0) })
    }

    private static let typeSuffix = ".reply"

    /// The recipient's headers that may be forwarded (OCPI 2.2.1, 4.1.5 Pagination; CDR `Location`; OCN signature; content encoding;
    /// `Retry-After`), including those of particular statuses.
    package static let passedHeaders = anyStatus + allow + accept

    /// The headers that are forwarded with a status. Headers that explain a refusal are only forwarded with its status (RFC 9110, 15.5; RFC
    /// 5789, 2.2): with any other status they would describe this hub. `Upgrade` concerns a single connection.
    package static func passedHeaders(with status: Int) -> [String] {
        switch status {
        case 405: anyStatus + allow
        case 415: anyStatus + accept
        default: anyStatus
        }
    }

    private static let anyStatus = [
        OCPIHeader.link, OCPIHeader.location, OCPIHeader.totalCount, OCPIHeader.limit, OCPIHeader.signature, OCPIHeader.contentEncoding,
        OCPIHeader.retryAfter,
    ]
    private static let allow = [OCPIHeader.allow]
    private static let accept = [OCPIHeader.accept, OCPIHeader.acceptEncoding, OCPIHeader.acceptPost, OCPIHeader.acceptPatch]
}
