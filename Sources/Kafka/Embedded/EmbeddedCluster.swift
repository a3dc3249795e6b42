import CLibrdkafka
import Glibc
package import Logging

/// librdkafka's in-memory Kafka, for the demo and tests: the real protocol over loopback TCP, on a port that it chooses. It keeps nothing
/// after exit.
///
/// It has no topic settings, keeps about 5 MB per partition, and creates unknown topics with four partitions. Any thread may call.
/// `@unchecked Sendable`: the C handle is a bare pointer; it is only used through `handle`, which `close` closes first.
package final class EmbeddedCluster: @unchecked Sendable {
    /// The bootstrap servers: `127.0.0.1:port`, comma-separated for several brokers.
    package let bootstrap: String
    private let handle: ClientHandle
    private let cluster: OpaquePointer
    private let isClosed = Monitor(false)

    /// Starts a cluster whose brokers are numbered from 1.
    package init(brokers: Int = 1, logger: Logger) throws(KafkaError) {
        let settings = KafkaSettings(bootstrap: "", clientID: "ocn-broker")
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)  // its client would warn that it has no broker
        handle = try ClientHandle(
            RD_KAFKA_PRODUCER, ClientConfiguration.questions(settings), callbacks: ClientCallbacks(log: ThrottledLog(logger)),
            isPolled: false)
        let made = handle.onOwnThread { rk in
            // The cluster's thread ends at the first interrupted system call, so it must inherit a mask that lets no signal through:
            // a child process that ends, or SIGTERM, would otherwise take the cluster down.
            var all = sigset_t()
            var before = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &before)
            defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
            return rd_kafka_mock_cluster_new(rk, Int32(clamping: max(1, brokers)))
        }
        guard let made else {
            handle.destroy()
            throw KafkaError("start embedded cluster", RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
        }
        cluster = made
        bootstrap = String(cString: rd_kafka_mock_cluster_bootstraps(made))
    }

    deinit {
        close()
    }

    /// Creates a topic. Must precede the first request for the topic, which would create it with four partitions.
    package func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
        let code = handle.use { _ in rd_kafka_mock_topic_create(cluster, name, Int32(clamping: partitions), 1) }
        guard let code else { throw KafkaError.closed("create topic") }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError("create topic", code) }
    }

    /// Drops a broker's connections and refuses new ones, or accepts them again. Broker -1 stands for all.
    package func setBroker(_ id: Int32, up: Bool) {
        _ = handle.use { _ in
            up ? rd_kafka_mock_broker_set_up(cluster, id) : rd_kafka_mock_broker_set_down(cluster, id)
        }
    }

    /// Makes a broker the leader of a partition. Nil leaves the partition without a leader, so that it can be neither read nor written.
    package func setLeader(_ topic: String, _ partition: Int32, _ broker: Int32?) {
        _ = handle.use { _ in rd_kafka_mock_partition_set_leader(cluster, topic, partition, broker ?? -1) }
    }

    /// Makes all brokers answer that a topic is unknown, as they do for a while after its creation, or makes it known again.
    package func setUnknown(_ topic: String, _ isUnknown: Bool) {
        let error = isUnknown ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR
        _ = handle.use { _ in rd_kafka_mock_topic_set_error(cluster, topic, error) }
    }

    /// Makes a broker the coordinator of a group.
    package func setCoordinator(group: String, _ broker: Int32) {
        _ = handle.use { _ in rd_kafka_mock_coordinator_set(cluster, "group", group, broker) }
    }

    /// Delays a broker's answers. Broker -1 stands for all.
    package func setRoundTrip(broker: Int32, _ time: Duration) {
        _ = handle.use { _ in rd_kafka_mock_broker_set_rtt(cluster, broker, time.clampedMilliseconds) }
    }

    /// Makes the next requests of this kind (Kafka's API key, 0 = Produce) fail with these codes, in order; 0 lets one pass.
    package func pushErrors(api: Int16, _ codes: [Int32]) {
        let errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
        _ = handle.use { _ in rd_kafka_mock_push_request_errors_array(cluster, api, errors.count, errors) }
    }

    /// Ends the cluster. Blocks for some milliseconds; clients see their broker disconnect.
    package func close() {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        handle.close()
        handle.destroy { _ in rd_kafka_mock_cluster_destroy(cluster) }
    }
}
