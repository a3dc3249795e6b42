import CLibrdkafka

/// Sends one request of librdkafka's admin interface and waits for its result event. After a failure that allows a retry, the client first
/// looks up the current controller.
enum AdminRequest {
    /// The time limit for Kafka's answer, in milliseconds.
    static let limit: Int32 = 30_000

    /// How long librdkafka lets a request to a group's coordinator wait, in milliseconds: the longest value it allows.
    ///
    /// librdkafka 2.0.2 ends the process (`eonce->refcnt > 0`) when such a request has timed out and its coordinator comes back later. So
    /// the request never times out: the caller stops waiting, and a late answer is dropped. Each waiting request keeps its memory, so only
    /// short-lived processes (commands) may send one.
    static let coordinatorLimit: Int32 = 3_600_000

    /// - Parameters:
    ///   - isForCoordinator: whether the request goes to a group's coordinator.
    ///   - milliseconds: the time limit for Kafka's answer.
    ///   - isStopping: whether the caller has stopped waiting; polled during the wait.
    ///   - send: sends the request, with the given queue for its result.
    ///   - read: reads the result event, which is freed afterwards.
    static func perform<Value>(
        _ rk: OpaquePointer, _ operation: String, _ kind: rd_kafka_admin_op_t, milliseconds: Int32 = limit,
        isForCoordinator: Bool = false, isStopping: () -> Bool,
        send: (_ options: OpaquePointer, _ queue: OpaquePointer) -> Void, read: (_ event: OpaquePointer) -> Value
    ) -> Result<Value, KafkaError> {
        guard let options = rd_kafka_AdminOptions_new(rk, kind), let queue = rd_kafka_queue_new(rk) else {
            return .failure(KafkaError(operation, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE))
        }
        defer {
            rd_kafka_queue_destroy(queue)
            rd_kafka_AdminOptions_destroy(options)
        }
        var reason = [CChar](repeating: 0, count: 256)
        let requestLimit = isForCoordinator ? coordinatorLimit : max(1, milliseconds)
        rd_kafka_AdminOptions_set_request_timeout(options, requestLimit, &reason, reason.count)
        send(options, queue)
        // librdkafka always answers by the request's own limit; ours lies behind it.
        let deadline = Deadline(after: .milliseconds(Int64(milliseconds) + (isForCoordinator ? 0 : 5000)))
        var answer: OpaquePointer?
        while answer == nil, !deadline.hasPassed, !isStopping() { answer = rd_kafka_queue_poll(queue, 100) }
        guard let event = answer else {
            return .failure(isStopping() ? .closed(operation) : KafkaError(operation, RD_KAFKA_RESP_ERR__TIMED_OUT))
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let error = KafkaError(operation, code, reason: rd_kafka_event_error_string(event).map { String(cString: $0) })
            if error.mayPass { MetadataRefresh.perform(rk, milliseconds: milliseconds) }
            return .failure(error)
        }
        return .success(read(event))
    }
}
