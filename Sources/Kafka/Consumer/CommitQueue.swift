import CLibrdkafka

/// Commits under way, and where Kafka's answers to them arrive. Belongs to the thread that made it.
final class CommitQueue {
    private let rk: OpaquePointer
    private var queue: OpaquePointer?
    private var inFlight = 0

    /// - Parameter rk: must outlive this object.
    init(_ rk: OpaquePointer) {
        self.rk = rk
        queue = rd_kafka_queue_new(rk)
    }

    /// Frees the queue. Must run before the client is destroyed, which would otherwise wait for ever.
    func close() {
        if let queue { rd_kafka_queue_destroy(queue) }
        queue = nil
    }

    /// Whether no commit request is in flight.
    var isIdle: Bool { inFlight == 0 }

    /// Sends a commit without waiting.
    func send(_ commits: [CommitOffset]) -> KafkaError? {
        guard let queue, !commits.isEmpty else { return nil }
        let code = PartitionList(commits).use { rd_kafka_commit_queue(rk, $0, queue, nil, nil) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return KafkaError("commit", code) }
        inFlight += 1
        return nil
    }

    /// Takes the answers that have arrived, or waits for all outstanding ones until the deadline.
    func collect(until deadline: Deadline? = nil) -> [CommitAnswer] {
        var answers: [CommitAnswer] = []
        while inFlight > 0, let queue {
            guard let event = rd_kafka_queue_poll(queue, deadline?.remainingMilliseconds ?? 0) else { break }
            defer { rd_kafka_event_destroy(event) }
            guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT else { continue }
            inFlight -= 1
            let list = rd_kafka_event_topic_partition_list(event)
            let code = rd_kafka_event_error(event)
            let error = code == RD_KAFKA_RESP_ERR_NO_ERROR ? PartitionList.firstError(in: list, "commit") : KafkaError("commit", code)
            answers.append(CommitAnswer(commits: PartitionList.offsets(of: list), error: error))
        }
        return answers
    }

    /// Commits and waits for Kafka's answer on a queue of its own, because librdkafka's synchronous call has no time limit.
    /// - Returns: why the commit was refused; `isTimedOut` without an answer, in which case it may have been taken.
    static func commit(_ rk: OpaquePointer, _ commits: [CommitOffset], within timeout: Duration) -> KafkaError? {
        let queue = CommitQueue(rk)
        defer { queue.close() }
        if let error = queue.send(commits) { return error }
        let answers = queue.collect(until: Deadline(after: timeout))
        return answers.first?.error ?? (queue.isIdle ? nil : KafkaError("commit", RD_KAFKA_RESP_ERR__TIMED_OUT))
    }
}
