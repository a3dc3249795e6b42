import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import Outbound
import Topics

/// What an answer to a copy means for the copy.
///
/// Judged by the HTTP status and by the OCPI `status_code` in the body: many parties answer 200 to everything.
enum ResponseClassification: Equatable, Sendable {
    /// The recipient has it.
    case delivered
    /// It counts against the recipient: send again later.
    case retry(String)
    /// It counts against the copy: sending it again changes nothing.
    case final(String)

    /// - Parameter statusCode: OCPI `status_code`; nil if the body is no OCPI answer.
    init(httpStatus: Int, statusCode: Int?) {
        switch httpStatus {
        // It has no body to say more in.
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
        // 5xx, redirects (they are not followed) and statuses that do not exist.
        default: self = .retry("HTTP \(httpStatus)")
        }
    }
}

extension OutboundResponse {
    /// To be looked into: without its coding, or as it came if that cannot be undone.
    var readable: OutboundResponse { (try? decoded(upTo: RecordLimits.answerBody)) ?? self }

    /// What its body says in `status_code`.
    var answerStatus: AnswerStatus { AnswerStatus(readable.body) }

    /// What another node says of a message that it did not bring to its recipient; to be asked of answers of nodes only. Nil also where the
    /// rest of the answer is a success: taking the word of a faulty proxy for it would do a POST twice.
    var notDone: NotDone? {
        guard let text = headers.first(name: OCPIHeader.notDone) else { return nil }
        let isSuccess = 200..<300 ~= status && statusCode.map { 1000..<2000 ~= $0 } ?? true
        return isSuccess ? nil : NotDone(header: text)
    }

    /// OCPI `status_code`; nil if the body is no OCPI answer, one that was cut off, or one that says two.
    var statusCode: Int? { answerStatus.code }
}
