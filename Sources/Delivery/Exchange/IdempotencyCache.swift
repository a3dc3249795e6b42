import NIOCore
import OCPI
import Topics

/// The answers of the last minutes, for callers that did not get theirs and ask again: nothing is sent twice. A value without a lock.
///
/// Of an answer that is too large to be remembered is known that there was one, and a repeat hears that.
/// Requests under way are bounded by whoever adds them, answers by ``RecentRequests``.
struct IdempotencyCache<Waiter: Sendable>: Sendable {
    /// What to do with a request.
    enum Turn {
        /// It is the first: send it, then call ``end(_:_:of:now:)``.
        case first
        /// The first one is under way: what ``end(_:_:of:now:)`` returns tells who waits.
        case waits
        /// The first one's answer.
        case answered(RecipientResponse)
    }

    /// Who waits for the answer to the first one.
    private var underWay: [IdempotencyKey: [Waiter]] = [:]
    private(set) var answers: RecentRequests<RecipientResponse>

    init(_ limits: RecentRequests<RecipientResponse>.Limits) {
        answers = RecentRequests(limits)
    }

    /// The answer to an earlier request of this key, if there is one.
    mutating func answer(_ key: IdempotencyKey, now: NIODeadline) -> RecipientResponse? { answers.memory(of: key, now: now) }

    /// Whether the first request of this key is not over.
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

    /// The first request of this key is over.
    /// - Parameters:
    ///   - answer: what to remember; nil if a repeat may try again.
    ///   - account: the platform or node that sent it.
    /// - Returns: who waits for its answer.
    mutating func end(_ key: IdempotencyKey, _ answer: RecipientResponse?, of account: String, now: NIODeadline) -> [Waiter] {
        guard let waiting = underWay.removeValue(forKey: key) else { return [] }
        guard let answer, !answers.remember(answer.toKeep, bytes: answer.bytes, of: account, as: key, now: now) else { return waiting }
        // It is too large. A copy may go to its service again, under the same id: its sender's node would take this for a failure.
        if !answer.endsCopy { answers.remember(.notKept, bytes: RecipientResponse.notKept.bytes, of: account, as: key, now: now) }
        return waiting
    }
}

extension RecipientResponse {
    /// In the place of an answer that is too large to be remembered, so that its request is not sent twice.
    fileprivate static let notKept = RecipientResponse(
        ExchangeFailure(
            .unreachable,
            OCPIError(code: .hubError, message: "The request was answered before, and the answer was too large to be kept for a repeat"),
            mayBeDone: true))
}
