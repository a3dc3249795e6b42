import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import Outbound
import Topics

/// What the recipient's answer means for a copy.
///
/// The HTTP status and the OCPI `status_code` in the body both count, because many parties answer every request with HTTP 200.
enum ResponseClassification: Equatable, Sendable {
    /// The recipient has accepted it.
    case delivered
    /// The answer counts against the recipient: the copy is sent again later.
    case retry(String)
    /// The answer counts against the copy: sending it again would not help.
    case final(String)

    /// - Parameter statusCode: OCPI `status_code`; nil if the body is no OCPI answer.
    init(httpStatus: Int, statusCode: Int?) {
        switch httpStatus {
        // An answer 204 has no body.
        case 204: self = .delivered
        case 200..<300:
            switch statusCode {
            case .some(1000..<2000): self = .delivered
            case .some(let code) where (2000..<3000).contains(code): self = .final("OCPI status \(code)")
            case .some(let code): self = .retry("OCPI status \(code)")
            case nil: self = .retry("HTTP \(httpStatus) without an OCPI answer")
            }
        case 401, 403, 404, 407, 408, 425, 429: self = .retry("HTTP \(httpStatus)")
        case 400..<500: self = .final("HTTP \(httpStatus)")
        // 5xx, redirects (which are not followed) and undefined statuses.
        default: self = .retry("HTTP \(httpStatus)")
        }
    }
}

extension OutboundResponse {
    /// The answer with its Content-Encoding removed, or unchanged if decoding fails.
    var readable: OutboundResponse { (try? decoded(upTo: RecordLimits.answerBody)) ?? self }

    /// The `status_code` in the body.
    var answerStatus: AnswerStatus { AnswerStatus(readable.body) }

    /// Another node's header that the request was not carried out. Use it for answers of nodes only. Nil also if the status is otherwise a
    /// success: trusting a faulty proxy here would repeat a POST.
    var notDone: NotDone? {
        guard let text = headers.first(name: OCPIHeader.notDone) else { return nil }
        let isSuccess = 200..<300 ~= status && statusCode.map { 1000..<2000 ~= $0 } ?? true
        return isSuccess ? nil : NotDone(header: text)
    }

    /// OCPI `status_code`; nil if the body is no OCPI answer, is cut off, or has two of them.
    var statusCode: Int? { answerStatus.code }
}
