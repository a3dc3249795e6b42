import CLibrdkafka

/// One request of librdkafka's admin interface: sends it and waits for its result event. Where it failed and may be asked again, the client
/// first learns who is the controller now.
enum AdminRequest {
    /// How long Kafka may take, milliseconds.
    static let limit: Int32 = 30_000

    /// How long librdkafka lets a request to a group's coordinator wait, milliseconds: the longest it allows.
    ///
    /// 2.0.2 ends the process (`eonce->refcnt > 0`) when such a request has run out of time and its coordinator comes back after that. So it
    /// never runs out of time: we give up waiting, and what comes later is dropped. Each one that waits costs memory, so that only a process
    /// that ends soon may ask: a command.
    static let coordinatorLimit: Int32 = 3_600_000

    /// - Parameters:
    ///   - isForCoordinator: whether the coordinator of a group is asked.
    ///   - milliseconds: how long Kafka may take.
    ///   - isStopping: whether nobody waits for the result any more; asked now and then.
    ///   - send: makes the request, whose result goes to the queue.
    ///   - read: takes what is needed out of the event, which is freed afterwards.
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
