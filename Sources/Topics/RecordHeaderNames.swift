import Kafka

/// Kafka header names of our records: CloudEvents 1.0, Kafka binary mode, plus OCPI's own.
enum Name {
    static let specVersion = "ce_specversion"
    static let time = "ce_time"
    static let contentType = "content-type"
    static let id = "ce_id"
    static let type = "ce_type"
    static let source = "ce_source"
    static let subject = "ce_subject"
    static let version = "ce_ocpiversion"
    static let from = "ce_ocpifrom"
    static let to = "ce_ocpito"
    static let path = "ce_ocpipath"
    static let query = "ce_ocpiquery"
    static let correlationID = "ce_correlationid"
    static let requestID = "ce_requestid"
    static let signature = "ce_ocnsignature"
    static let origin = "ce_ocporigin"
    static let stored = "ce_ocnstored"
    static let stateVersion = "ce_stateversion"
    static let deadline = "ce_deadline"
    static let replyPartition = "ce_replypartition"
    static let replyEpoch = "ce_replyepoch"
    static let target = "ce_ocntarget"
    static let node = "ce_ocnnode"
    static let copyOf = "ce_copyof"
    static let originalTo = "ce_ocpioriginalto"
    static let permission = "ce_permission"
    static let replyTo = "ce_replyto"
    static let httpStatus = "ce_httpstatus"
    static let outcome = "ce_outcome"
    static let ocpiStatus = "ce_ocpistatus"
    static let message = "ce_message"
    static let deadCause = "ce_deadcause"
    static let deadTime = "ce_deadtime"
    static let attempts = "ce_attempts"
    static let deadResolution = "ce_deadresolution"
    static let deadPartition = "ce_deadpartition"
    static let deadOffset = "ce_deadoffset"
    static let resolvedBy = "ce_resolvedby"
    static let replayed = "ce_replayed"
    static let traceparent = "traceparent"
    static let tracestate = "tracestate"
}

/// A record whose headers do not say what its topic promises.
package struct RecordError: Error, Equatable, CustomStringConvertible {
    /// The Kafka header that is missing or wrong.
    package let header: String
    /// What is wrong with it.
    package let reason: String

    package var description: String { "\(header): \(reason)" }
}

extension RecordHeaders {
    func required(_ name: String) throws(RecordError) -> String {
        guard let value = self[name] else { throw RecordError(header: name, reason: "missing") }
        return value
    }

    /// The header read by `parse`; nil if absent.
    func parsed<Value>(_ name: String, _ parse: (String) -> Value?) throws(RecordError) -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = parse(text) else { throw RecordError(header: name, reason: "not understood") }
        return value
    }

    func requiredParsed<Value>(_ name: String, _ parse: (String) -> Value?) throws(RecordError) -> Value {
        guard let value = try parsed(name, parse) else { throw RecordError(header: name, reason: "missing") }
        return value
    }
}
