import Kafka
import NIOCore

/// Kafka header names of our records: CloudEvents 1.0, Kafka binary mode, and OCPI's own. A test checks that `Topics.docc` lists them all.
enum HeaderName: String, CaseIterable {
    case specVersion = "ce_specversion"
    case time = "ce_time"
    case contentType = "content-type"
    case contentEncoding = "content-encoding"
    case id = "ce_id"
    case type = "ce_type"
    case source = "ce_source"
    case subject = "ce_subject"
    case version = "ce_ocpiversion"
    case from = "ce_ocpifrom"
    case to = "ce_ocpito"
    case path = "ce_ocpipath"
    case query = "ce_ocpiquery"
    case correlationID = "ce_correlationid"
    case requestID = "ce_requestid"
    case signature = "ce_ocnsignature"
    case origin = "ce_ocporigin"
    case stored = "ce_ocnstored"
    case stateVersion = "ce_stateversion"
    case deadline = "ce_deadline"
    case replyPartition = "ce_replypartition"
    case replyEpoch = "ce_replyepoch"
    case target = "ce_ocntarget"
    case node = "ce_ocnnode"
    case copyOf = "ce_copyof"
    case copyID = "ce_ocncopyid"
    case originalTo = "ce_ocpioriginalto"
    case originalFrom = "ce_ocpioriginalfrom"
    case permission = "ce_permission"
    case replyTo = "ce_replyto"
    case httpStatus = "ce_httpstatus"
    case outcome = "ce_outcome"
    case ocpiStatus = "ce_ocpistatus"
    case message = "ce_message"
    case notDone = "ce_ocnnotdone"
    case deadCause = "ce_deadcause"
    case deadTime = "ce_deadtime"
    case attempts = "ce_attempts"
    case deadResolution = "ce_deadresolution"
    case deadPartition = "ce_deadpartition"
    case deadOffset = "ce_deadoffset"
    case resolvedBy = "ce_resolvedby"
    case replayed = "ce_replayed"
    case traceparent
    case tracestate
}

extension RecordHeaders {
    subscript(_ name: HeaderName) -> String? { self[name.rawValue] }

    mutating func append(_ name: HeaderName, _ value: String?) { append(name.rawValue, value) }

    func required(_ name: HeaderName) throws(RecordError) -> String {
        guard let value = self[name] else { throw RecordError(header: name.rawValue, reason: "missing") }
        return value
    }

    /// The header parsed by `parse`; nil if absent.
    func parsed<Value>(_ name: HeaderName, _ parse: (String) -> Value?) throws(RecordError) -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = parse(text) else { throw RecordError(header: name.rawValue, reason: "not understood") }
        return value
    }

    func requiredParsed<Value>(_ name: HeaderName, _ parse: (String) -> Value?) throws(RecordError) -> Value {
        guard let value = try parsed(name, parse) else { throw RecordError(header: name.rawValue, reason: "missing") }
        return value
    }
}

extension ByteBuffer? {
    /// Nil for an empty body or value: an event without data is a record without a value (CloudEvents, Kafka binding 3.2.2).
    /// Empty values count as missing too, because earlier versions wrote them.
    var unlessEmpty: ByteBuffer? { flatMap { $0.readableBytes > 0 ? $0 : nil } }
}
