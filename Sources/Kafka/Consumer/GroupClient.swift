import CLibrdkafka

/// A librdkafka client of a group, with the receiver that forwards rebalances to the poll loop.
struct GroupClient: Sendable {
    let handle: ClientHandle
    let rebalances: RebalanceReceiver

    /// - Throws: an error that names a property librdkafka refuses.
    init(_ kafka: KafkaSettings, _ settings: GroupConsumer.Settings, handler: any GroupHandler, log: ThrottledLog) throws(KafkaError) {
        let configuration = ClientConfiguration.consumer(kafka, settings.properties)
        let clientID = configuration.clientID
        let rebalances = RebalanceReceiver()
        let handle = try ClientHandle(
            RD_KAFKA_CONSUMER, configuration,
            callbacks: ClientCallbacks(
                log: log,
                onError: { [handler, onFatal = kafka.onFatal] error in
                    handler.failed(error)
                    if error.isFatal { onFatal?(error) }
                },
                onStatistics: { [onStatistics = kafka.onStatistics] in onStatistics?(clientID, $0) },
                onRebalance: { rk, code, partitions in
                    guard let loop = rebalances.loop else {
                        // The poll loop has ended, but librdkafka still waits for an answer.
                        rd_kafka_assign(rk, nil)
                        return
                    }
                    loop.rebalance(code, partitions)
                }),
            isPolled: true)
        let code = handle.onOwnThread { rk in Self.subscribe(rk, settings.subscription) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            handle.destroyBehind()
            throw KafkaError("subscribe", code)
        }
        self.handle = handle
        self.rebalances = rebalances
    }

    /// Makes librdkafka join the group with this subscription.
    static func subscribe(_ rk: OpaquePointer, _ topics: [String]) -> rd_kafka_resp_err_t {
        let subscription = topics.map { TopicPartition(topic: $0, partition: Int32(RD_KAFKA_PARTITION_UA)) }
        return PartitionList(subscription).use { rd_kafka_subscribe(rk, $0) }
    }
}
