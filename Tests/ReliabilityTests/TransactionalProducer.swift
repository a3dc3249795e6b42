import CLibrdkafka

/// A producer with transactions, as other programs on the same Kafka may be; no role of ours is one. Its calls block, for tests on a real
/// cluster only: the embedded one does not keep what transactions promise.
struct TransactionalProducer {
    /// What librdkafka says.
    struct Failure: Error {
        let text: String
    }

    private let handle: OpaquePointer

    /// - Parameters:
    ///   - bootstrap: `host:port` of a broker without security.
    ///   - id: the transactional id.
    init(_ bootstrap: String, id: String) throws {
        var text = [CChar](repeating: 0, count: 512)
        let configuration = rd_kafka_conf_new()
        for (name, value) in ["bootstrap.servers": bootstrap, "transactional.id": id] {
            guard rd_kafka_conf_set(configuration, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                throw Failure(text: "\(name): \(value)")
            }
        }
        guard let handle = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count) else { throw Failure(text: "create") }
        self.handle = handle
        try Self.check(rd_kafka_init_transactions(handle, 30_000))
    }

    /// Writes records into partition 0 and ends their transaction.
    func transaction(_ topic: String, count: Int, isCommitted: Bool) throws {
        try Self.check(rd_kafka_begin_transaction(handle))
        let topicHandle = rd_kafka_topic_new(handle, topic, nil)
        defer { rd_kafka_topic_destroy(topicHandle) }
        for _ in 0..<count {
            let value: [UInt8] = [1]
            let outcome = value.withUnsafeBytes { bytes in
                rd_kafka_produce(
                    topicHandle, 0, RD_KAFKA_MSG_F_COPY, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, nil, 0, nil)
            }
            guard outcome == 0 else { throw Failure(text: "produce") }
        }
        guard rd_kafka_flush(handle, 30_000) == RD_KAFKA_RESP_ERR_NO_ERROR else { throw Failure(text: "flush") }
        try Self.check(isCommitted ? rd_kafka_commit_transaction(handle, 30_000) : rd_kafka_abort_transaction(handle, 30_000))
    }

    func close() { rd_kafka_destroy(handle) }

    private static func check(_ error: OpaquePointer?) throws {
        guard let error else { return }
        defer { rd_kafka_error_destroy(error) }
        throw Failure(text: String(cString: rd_kafka_error_string(error)))
    }
}
