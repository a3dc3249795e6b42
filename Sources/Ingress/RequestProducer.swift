import Encoding
import Kafka
import Logging
import NIOCore
import OCPI
import Topics

/// Puts a request into `ocn.requests` and waits for what comes out of the network.
struct RequestProducer: Sendable {
    let pending: PendingReplies
    let topics: TopicNames
    /// This process's partition of `ocn.replies`.
    let replyPartition: Int32
    let send: @Sendable (OutgoingRecord, @escaping @Sendable (Result<RecordPosition, KafkaError>) -> Void) -> Void
    /// Where it is told what Kafka did not take; one line a minute.
    let failures: ThrottledLog
    /// As ``IngressDependencies/now``, by which requests were stamped.
    var now: @Sendable () -> Timestamp = { .now }
    /// As ``IngressDependencies/isKafkaAway``.
    var isKafkaAway: @Sendable () -> Bool = { false }
    /// As ``IngressDependencies/wasKafkaAway``.
    var wasKafkaAway: @Sendable (_ since: ContinuousClock.Instant) -> Bool = { _ in false }

    /// The reply to a request, no later than `timeout`.
    /// - Parameter request: complete except for its deadline and reply address, which are set here.
    /// - Throws: 4002 when nobody answered in time, 4000 when Kafka did not take it, or was away meanwhile, 503 when the node is too busy or
    ///   knows that Kafka is away.
    func exchange(_ request: RequestRecord, timeout: Duration) async throws(OCPIError) -> ReplyRecord {
        var request = request
        request.deadline = request.time.adding(milliseconds: timeout.milliseconds)
        request.reply = ReplyAddress(partition: replyPartition, epoch: pending.epoch)
        guard case .reply(let reply) = try await answer(to: request, timeout: timeout, isRecorded: pending.recorded) else {
            throw OCPIError.noAnswer(request.to)
        }
        return reply
    }

    /// Returns when Kafka has a request that nobody answers: MATCHER passes it on.
    /// - Throws: as ``exchange(_:timeout:)``.
    func record(_ request: RequestRecord, timeout: Duration) async throws(OCPIError) {
        _ = try await answer(to: request, timeout: timeout, isRecorded: pending.produced)
    }

    private func answer(
        to request: RequestRecord, timeout: Duration, isRecorded: @escaping @Sendable (_ id: String) -> Void
    ) async throws(OCPIError) -> PendingReplies.Answer {
        if isKafkaAway() { throw OCPIError.kafkaAway }
        let began = ContinuousClock.now
        let record = request.outgoing(to: topics)
        let id = request.id
        // What was done before, storing a link say, counts.
        let spent = max(0, now().milliseconds &- request.time.milliseconds)
        let left = TimeAmount(timeout) - .milliseconds(spent)
        // Whoever read it would only find that it came too late.
        guard request.reply == nil || left > .zero else {
            failures.log(.error, "late", "a request was not sent, because its time was over before it was written down")
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
            // Nobody else is to blame for what this node could not send or hear.
            guard wasKafkaAway(began) else { throw RequestProducer.overdue(request) }
            failures.log(.error, "lost", "a request got no answer, because Kafka could not be used meanwhile")
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
    /// Nothing can be accepted, because nothing can be written down.
    static let kafkaAway = OCPIError(
        code: .hubError, message: "The node cannot use its message store at the moment, try again soon", kind: .busy(retryAfterSeconds: 5))

    /// The node has as much in hand as it may.
    static let busy = OCPIError(code: .serverError, message: "The node is busy, try again soon", kind: .busy(retryAfterSeconds: 1))
}
