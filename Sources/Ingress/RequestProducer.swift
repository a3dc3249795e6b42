import Encoding
import Kafka
import Logging
import NIOCore
import OCPI
import Topics

/// Writes a request to `ocn.requests` and waits for the reply or the acknowledgement.
struct RequestProducer: Sendable {
    let pending: PendingReplies
    let topics: TopicNames
    /// This process's partition of `ocn.replies`.
    let replyPartition: Int32
    let send: @Sendable (OutgoingRecord, @escaping @Sendable (Result<RecordPosition, KafkaError>) -> Void) -> Void
    /// Log for requests that Kafka did not accept, limited to one line a minute.
    let failures: ThrottledLog
    /// ``IngressDependencies/now``, with which requests were stamped.
    var now: @Sendable () -> Timestamp = { .now }
    /// ``IngressDependencies/isKafkaUnavailable``.
    var isKafkaUnavailable: @Sendable () -> Bool = { false }
    /// ``IngressDependencies/wasKafkaUnavailable``.
    var wasKafkaUnavailable: @Sendable (_ since: ContinuousClock.Instant) -> Bool = { _ in false }

    /// The reply to a request, within `timeout`.
    /// - Parameter request: complete except for its deadline and reply address, which are set here.
    /// - Throws: 4002 when there was no reply in time, 4000 when Kafka did not accept the request or was unavailable meanwhile, 503 when
    ///   the node is at its limits or knows that Kafka is unavailable.
    func exchange(_ request: RequestRecord, timeout: Duration) async throws(OCPIError) -> ReplyRecord {
        var request = request
        request.deadline = request.time.adding(milliseconds: timeout.milliseconds)
        request.reply = ReplyAddress(partition: replyPartition, epoch: pending.epoch)
        guard case .reply(let reply) = try await answer(to: request, timeout: timeout, isRecorded: pending.recorded) else {
            throw OCPIError.noAnswer(request.to)
        }
        return reply
    }

    /// Writes a request without a reply and returns when Kafka has acknowledged it. MATCHER passes it on.
    /// - Throws: as ``exchange(_:timeout:)``.
    func record(_ request: RequestRecord, timeout: Duration) async throws(OCPIError) {
        _ = try await answer(to: request, timeout: timeout, isRecorded: pending.produced)
    }

    private func answer(
        to request: RequestRecord, timeout: Duration, isRecorded: @escaping @Sendable (_ id: String) -> Void
    ) async throws(OCPIError) -> PendingReplies.Answer {
        if isKafkaUnavailable() { throw OCPIError.kafkaUnavailable }
        let began = ContinuousClock.now
        let record = request.outgoing(to: topics)
        let id = request.id
        // The time that earlier steps took, e.g. storing a link, counts against the timeout.
        let spent = max(0, now().milliseconds &- request.time.milliseconds)
        let left = TimeAmount(timeout) - .milliseconds(spent)
        // EXCHANGE would only find that the request is too late.
        guard request.reply == nil || left > .zero else {
            failures.log(.error, "late", "a request was not sent: its timeout passed before it was written to Kafka")
            throw OCPIError.notSentInTime(request.to)
        }
        let answer = await pending.wait(for: id, until: .now() + left) {
            send(record) { [pending] result in
                switch result {
                case .success: isRecorded(id)
                case .failure(let error): pending.fail(id, error)
                }
            }
        }
        switch answer {
        case .reply, .produced: return answer
        case .deadline:
            // If Kafka was unavailable meanwhile, the missing reply is this node's failure, not the recipient's.
            guard wasKafkaUnavailable(began) else { throw RequestProducer.overdue(request) }
            failures.log(.error, "lost", "a request got no answer: Kafka was unavailable meanwhile")
            throw OCPIError.lostAnswer(request.to, RequestProducer.storeLost)
        case .stopped(wasSent: false): throw OCPIError.busy
        case .stopped(wasSent: true): throw OCPIError.lostAnswer(request.to, "The node stopped")
        case .notProduced(let error):
            if error.isQueueFull { throw OCPIError.busy }
            failures.log(.error, error.name, "\(topics.requests) did not take a request: \(error)")
            guard !error.mayBePersisted else { throw OCPIError.lostAnswer(request.to, RequestProducer.storeLost) }
            throw OCPIError.notAccepted
        }
    }

    private static let storeLost = "The node lost its message store"

    private static func overdue(_ request: RequestRecord) -> OCPIError {
        request.reply == nil
            ? OCPIError(code: .serverError, message: "The node could not accept the request in time")
            : OCPIError.noAnswer(request.to)
    }
}

extension OCPIError {
    /// The answer while Kafka is unavailable, because no request can be written.
    static let kafkaUnavailable = OCPIError(
        code: .hubError, message: "The node cannot use its message store at the moment, try again soon", kind: .busy(retryAfterSeconds: 5))

    /// The answer when the node's limits are reached.
    static let busy = OCPIError(code: .serverError, message: "The node is busy, try again soon", kind: .busy(retryAfterSeconds: 1))
}
