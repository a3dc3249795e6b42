import NIOCore
import OCPI
import Topics

/// Recent answers, for callers that did not receive theirs and repeat the request: no request is sent twice. A value without a lock.
///
/// An answer that is too large is not kept, only the fact that it existed, and a repeat gets an error that says so. The number of
/// running requests is bounded by the caller, that of answers by ``RecentRequests``.
struct IdempotencyCache<Waiter: Sendable>: Sendable {
    /// How to handle a request.
    enum Turn {
        /// It is the first of its key: send it, then call ``end(_:_:of:now:)``.
        case first
        /// The first one is running; ``end(_:_:of:now:)`` returns the waiters.
        case waits
        /// The first one's answer.
        case answered(RecipientResponse)
    }

    /// The waiters for the answer to the first request of each key.
    private var underWay: [IdempotencyKey: [Waiter]] = [:]
    private(set) var answers: RecentRequests<RecipientResponse>

    init(_ limits: RecentRequests<RecipientResponse>.Limits) {
        answers = RecentRequests(limits)
    }

    /// The answer to an earlier request of this key, if there is one.
    mutating func answer(_ key: IdempotencyKey, now: NIODeadline) -> RecipientResponse? { answers.memory(of: key, now: now) }

    /// Whether the first request of this key is still running.
    func isUnderWay(_ key: IdempotencyKey) -> Bool { underWay[key] != nil }

    /// - Parameter waiter: kept if it must wait.
    mutating func begin(_ key: IdempotencyKey, _ waiter: Waiter, now: NIODeadline) -> Turn {
        if underWay[key] != nil {
            underWay[key]?.append(waiter)
            return .waits
        }
        if let answer = answers.memory(of: key, now: now) { return .answered(answer) }
        underWay[key] = []
        return .first
    }

    /// Ends the first request of this key.
    /// - Parameters:
    ///   - answer: the answer to keep; nil if a repeat may be sent.
    ///   - account: the platform or node that sent it.
    /// - Returns: the waiters for its answer.
    mutating func end(_ key: IdempotencyKey, _ answer: RecipientResponse?, of account: String, now: NIODeadline) -> [Waiter] {
        guard let waiting = underWay.removeValue(forKey: key) else { return [] }
        guard let answer, !answers.remember(answer.toKeep, bytes: answer.bytes, of: account, as: key, now: now) else { return waiting }
        // The answer is too large. A copy may be sent to its service again under the same id, because its sender's node would take the
        // error for a failure.
        if !answer.endsCopy { answers.remember(.notKept, bytes: RecipientResponse.notKept.bytes, of: account, as: key, now: now) }
        return waiting
    }
}

extension RecipientResponse {
    /// Kept in place of an answer that is too large, so that its request is not sent twice.
    fileprivate static let notKept = RecipientResponse(
        ExchangeFailure(
            .unreachable,
            OCPIError(code: .hubError, message: "The request was answered before, and the answer was too large to be kept for a repeat"),
            mayBeDone: true))
}
