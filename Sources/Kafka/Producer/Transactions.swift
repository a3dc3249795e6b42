import CLibrdkafka

/// Transactions of a producer that has a transactional id. Each call blocks a thread of the producer's own, not the caller's.
///
/// An error says what to do: `isRetriable` the same call again, `needsAbort` abort the transaction, `isFatal` close this producer and
/// make a new one. Anything else is treated as fatal.
extension Producer {
    /// Announces the transactional id and fences older producers of that id. Once, before the first transaction.
    package func initTransactions() async throws(KafkaError) {
        try await transact("init transactions") { rk in rd_kafka_init_transactions(rk, -1) }
    }

    /// Records sent from here on belong to the transaction.
    package func beginTransaction() async throws(KafkaError) {
        try await transact("begin transaction") { rk in rd_kafka_begin_transaction(rk) }
    }

    /// Adds the progress of `consumer`'s group to the transaction. Not to be committed by the consumer as well.
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

    /// Makes the transaction's records and offsets visible together. Waits for their acknowledgement.
    package func commitTransaction() async throws(KafkaError) {
        try await transact("commit transaction") { rk in rd_kafka_commit_transaction(rk, -1) }
    }

    /// Gives the transaction up. The consumer must then read its records again.
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
