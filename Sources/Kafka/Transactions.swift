import CLibrdkafka

/// Transactions of a producer with a transactional id. Each call blocks a thread of the producer, not the caller's.
///
/// The error decides how to continue: `isRetriable` repeat the call, `needsAbort` abort the transaction, `isFatal` close this producer and
/// make a new one. Any other error is treated as fatal.
extension Producer {
    /// Registers the transactional id and fences older producers with that id. Call once, before the first transaction.
    package func initTransactions() async throws(KafkaError) {
        try await transact("init transactions") { rk in rd_kafka_init_transactions(rk, -1) }
    }

    /// Begins a transaction, to which all records sent from now on belong.
    package func beginTransaction() async throws(KafkaError) {
        try await transact("begin transaction") { rk in rd_kafka_begin_transaction(rk) }
    }

    /// Adds the offsets of `consumer`'s group to the transaction. The consumer must not commit them as well.
    package func sendOffsets(_ offsets: [CommitOffset], of consumer: GroupConsumer) async throws(KafkaError) {
        try await transactions.run("send offsets") { () throws(KafkaError) in
            let outcome = self.withHandle { rk in
                consumer.withHandle { member -> Result<OpaquePointer?, KafkaError> in
                    guard let metadata = rd_kafka_consumer_group_metadata(member) else {
                        return .failure(KafkaError("send offsets", RD_KAFKA_RESP_ERR__STATE))
                    }
                    defer { rd_kafka_consumer_group_metadata_destroy(metadata) }
                    return .success(
                        PartitionList(offsets).use { rd_kafka_send_offsets_to_transaction(rk, $0, metadata, -1) })
                }
            }
            guard let outcome, let outcome else { throw KafkaError.closed("send offsets") }
            if let error = try outcome.get() { throw KafkaError("send offsets", consuming: error) }
        }
    }

    /// Makes the transaction's records and offsets visible together, and waits for the acknowledgement.
    package func commitTransaction() async throws(KafkaError) {
        try await transact("commit transaction") { rk in rd_kafka_commit_transaction(rk, -1) }
    }

    /// Aborts the transaction. The consumer must then read its records again.
    package func abortTransaction() async throws(KafkaError) {
        try await transact("abort transaction") { rk in rd_kafka_abort_transaction(rk, -1) }
    }

    // Time limit -1 is not for ever: librdkafka then uses transaction.timeout.ms.
    private func transact(_ operation: String, _ body: @escaping @Sendable (OpaquePointer) -> OpaquePointer?) async throws(KafkaError) {
        try await transactions.run(operation) { () throws(KafkaError) in
            guard let outcome = self.withHandle(body) else { throw KafkaError.closed(operation) }
            if let error = outcome { throw KafkaError(operation, consuming: error) }
        }
    }
}
