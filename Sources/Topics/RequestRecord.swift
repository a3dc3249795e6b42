package import Encoding
package import Kafka
package import NIOCore
package import OCPI

/// One OCPI request in `ocn.requests`: the body byte for byte, everything else in CloudEvents headers.
package struct RequestRecord: Sendable {
    /// Message id, a UUIDv7.
    package var id: String
    /// When the node accepted it.
    package var time: Timestamp
    /// The addressed module; may be a custom one.
    package var module: ModuleID
    /// The called interface.
    package var interface: InterfaceRole
    /// HTTP method.
    package var method: Method
    /// OCPI version of the called endpoint.
    package var version: OCPIVersion
    /// Sending party, as spelled in `OCPI-from-*`.
    package var from: PartyID
    /// Receiving party, as spelled in `OCPI-to-*`.
    package var to: PartyID
    /// The receiver to which the sender addressed the request, if it is not `to`, as spelled, because the sender signed it.
    package var originalReceiver: PartyID?
    /// Path below the module's endpoint, verbatim, without leading slash; empty for none.
    package var path: String
    /// Query, verbatim, without `?`.
    package var query: String?
    /// The caller's `X-Request-ID`.
    package var requestID: String
    /// `X-Correlation-ID`, the same in all requests of an exchange.
    package var correlationID: String
    /// The party's `OCN-Signature`.
    package var signature: String?
    /// The point at which the request entered the network.
    package var origin: RequestOrigin
    /// The version of `ocn.state` that the writer had applied: the next offset.
    package var stateVersion: Int64
    /// When the caller stops waiting; nil if no caller waits.
    package var deadline: Timestamp?
    /// The destination of the answer; nil if no caller waits.
    package var reply: ReplyAddress?
    /// Absolute URL behind a hub URL (page, CDR location, callback); replaces endpoint, path and query.
    package var target: String?
    /// W3C trace context.
    package var trace: TraceContext
    /// `Content-Type` of the body.
    package var contentType: String?
    /// `Content-Encoding` of the body; only requests to custom modules may have one.
    package var contentEncoding: String?
    /// The body as it arrived; nil for none.
    package var body: ByteBuffer?
    /// Ordering key; nil for reads.
    package var key: String?
    /// Whether the hub has answered the request by an operator's rule, so that it is delivered like an announcement.
    package var isStored: Bool
    /// The copy's id if another node sent the request as a copy for a service of this node.
    package var copyID: String?

    package init(
        id: String, time: Timestamp, module: ModuleID, interface: InterfaceRole, method: Method, version: OCPIVersion,
        from: PartyID, to: PartyID, path: String, query: String? = nil, requestID: String, correlationID: String,
        signature: String? = nil, origin: RequestOrigin = .local, stateVersion: Int64, deadline: Timestamp? = nil,
        reply: ReplyAddress? = nil, target: String? = nil, trace: TraceContext = TraceContext(), contentType: String? = nil,
        contentEncoding: String? = nil, body: ByteBuffer? = nil, key: String? = nil, isStored: Bool = false
    ) {
        self.id = id
        self.time = time
        self.module = module
        self.interface = interface
        self.method = method
        self.version = version
        self.from = from
        self.to = to
        self.path = path
        self.query = query
        self.requestID = requestID
        self.correlationID = correlationID
        self.signature = signature
        self.origin = origin
        self.stateVersion = stateVersion
        self.deadline = deadline
        self.reply = reply
        self.target = target
        self.trace = trace
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.body = body
        self.key = key
        self.isStored = isStored
    }

    /// The called route.
    package var route: ModuleRoute {
        ModuleRoute(version: version, module: module, interface: interface, remainder: path, isCustom: !module.isFunctional)
    }

    /// The record for `ocn.requests`.
    package func outgoing(to topics: TopicNames) -> OutgoingRecord {
        var headers = commonHeaders()
        headers.append(HeaderName.originalTo, originalReceiver?.description)
        headers.append(HeaderName.contentEncoding, contentEncoding)
        headers.append(HeaderName.origin, origin.text)
        headers.append(HeaderName.stored, isStored ? "true" : nil)
        headers.append(HeaderName.copyID, copyID)
        headers.append(HeaderName.target, target)
        headers.append(HeaderName.deadline, deadline.map { String($0.milliseconds) })
        headers.append(HeaderName.replyPartition, reply.map { String($0.partition) })
        headers.append(HeaderName.replyEpoch, reply.map { String($0.epoch) })
        return OutgoingRecord(topic: topics.requests, key: key, value: body.unlessEmpty, headers: headers)
    }

    /// Parses a record of `ocn.requests` or of an outbox.
    /// - Throws: an error that names the first missing or invalid header; the record must then not be processed.
    package init(_ record: IncomingRecord) throws(RecordError) {
        let headers = record.headers
        let type = try headers.requiredParsed(HeaderName.type, EventType.init(text:))
        let partition = try headers.parsed(HeaderName.replyPartition) { Int32($0) }
        let epoch = try headers.parsed(HeaderName.replyEpoch) { UInt64($0) }
        let origin = headers[HeaderName.origin] ?? RequestOrigin.local.text
        self.init(
            id: try headers.required(HeaderName.id),
            time: try headers.requiredParsed(HeaderName.time, Timestamp.init(rfc3339:)),
            module: type.module, interface: type.interface, method: type.method,
            version: try headers.requiredParsed(HeaderName.version, OCPIVersion.init(rawValue:)),
            from: try headers.requiredParsed(HeaderName.from) { PartyID($0) },
            to: try headers.requiredParsed(HeaderName.to) { PartyID($0) },
            path: headers[HeaderName.path] ?? "", query: headers[HeaderName.query],
            requestID: try headers.required(HeaderName.requestID), correlationID: try headers.required(HeaderName.correlationID),
            signature: headers[HeaderName.signature], origin: RequestOrigin(text: origin),
            stateVersion: try headers.parsed(HeaderName.stateVersion) { Int64($0) } ?? 0,
            deadline: try headers.parsed(HeaderName.deadline) { Int64($0).map(Timestamp.init(milliseconds:)) },
            reply: partition.flatMap { partition in epoch.map { ReplyAddress(partition: partition, epoch: $0) } },
            target: headers[HeaderName.target],
            trace: TraceContext(traceparent: headers[HeaderName.traceparent], tracestate: headers[HeaderName.tracestate]),
            contentType: headers[HeaderName.contentType], contentEncoding: headers[HeaderName.contentEncoding],
            body: record.value.unlessEmpty,
            key: record.key, isStored: headers[HeaderName.stored] == "true")
        originalReceiver = try headers.parsed(HeaderName.originalTo) { PartyID($0) }
        copyID = headers[HeaderName.copyID]
    }

    /// The headers that a request and its copies share.
    func commonHeaders() -> RecordHeaders {
        var headers = RecordHeaders()
        headers.append(HeaderName.specVersion, "1.0")
        headers.append(HeaderName.id, id)
        headers.append(HeaderName.type, EventType(module: module, interface: interface, method: method).text)
        headers.append(HeaderName.source, "/\(from.country)/\(from.party)")
        headers.append(HeaderName.subject, path)
        headers.append(HeaderName.time, time.description)
        headers.append(HeaderName.contentType, contentType)
        headers.append(HeaderName.version, version.rawValue)
        headers.append(HeaderName.from, from.description)
        headers.append(HeaderName.to, to.description)
        headers.append(HeaderName.path, path)
        headers.append(HeaderName.query, query)
        headers.append(HeaderName.requestID, requestID)
        headers.append(HeaderName.correlationID, correlationID)
        headers.append(HeaderName.signature, signature)
        headers.append(HeaderName.stateVersion, String(stateVersion))
        headers.append(HeaderName.traceparent, trace.traceparent)
        headers.append(HeaderName.tracestate, trace.tracestate)
        return headers
    }
}
