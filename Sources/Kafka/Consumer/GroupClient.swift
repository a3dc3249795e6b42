import CLibrdkafka

/// A librdkafka client that joins a group, and what takes the group's rebalances to the poll loop.
struct GroupClient: Sendable {
    let handle: ClientHandle
    let rebalances: RebalanceReceiver

    /// - Throws: a property that librdkafka refuses, by name.
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
                        // Nobody reads any more; librdkafka waits for an answer all the same.
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

    /// Asks librdkafka to join the group with this subscription.
    static func subscribe(_ rk: OpaquePointer, _ topics: [String]) -> rd_kafka_resp_err_t {
        let subscription = topics.map { TopicPartition(topic: $0, partition: Int32(RD_KAFKA_PARTITION_UA)) }
        return PartitionList(subscription).use { rd_kafka_subscribe(rk, $0) }
    }
}
