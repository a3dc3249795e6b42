import CLibrdkafka

extension KafkaAdmin {
    /// The number of brokers that the cluster reports at the moment.
    package func brokerCount() async throws(KafkaError) -> Int {
        try await perform("count brokers") { admin throws(KafkaError) in
            try admin.patiently("count brokers") { rk, milliseconds in
                var found: UnsafePointer<rd_kafka_metadata>?
                let code = rd_kafka_metadata(rk, 0, nil, &found, milliseconds)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else { return .failure(KafkaError("count brokers", code)) }
                defer { rd_kafka_metadata_destroy(found) }
                return .success(Int(found.pointee.broker_cnt))
            }
        }
    }

    /// The replication factor of topics created for trial: 3 as in production, or the number of brokers if there are fewer.
    package func usualReplication() async throws(KafkaError) -> Int { min(3, max(1, try await brokerCount())) }
}
