import CLibrdkafka

/// What `kafka-topics.sh --alter --partitions` does; a node itself never does it.
enum Partitions {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// Blocks for at most ten seconds.
    static func grow(_ topic: String, to count: Int, at bootstrap: String) throws {
        var text = [CChar](repeating: 0, count: 512)
        guard let conf = rd_kafka_conf_new() else { throw Failure(description: "no configuration") }
        rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, nil, 0)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &text, text.count) else { throw Failure(description: "no client") }
        defer { rd_kafka_destroy(client) }
        guard let queue = rd_kafka_queue_new(client), let wanted = rd_kafka_NewPartitions_new(topic, count, &text, text.count) else {
            throw Failure(description: "no request")
        }
        defer {
            rd_kafka_NewPartitions_destroy(wanted)
            rd_kafka_queue_destroy(queue)
        }
        var request: [OpaquePointer?] = [wanted]
        rd_kafka_CreatePartitions(client, &request, request.count, nil, queue)
        guard let event = rd_kafka_queue_poll(queue, 10_000) else { throw Failure(description: "no answer") }
        defer { rd_kafka_event_destroy(event) }
        var results = 0
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, let answer = rd_kafka_event_CreatePartitions_result(event),
            let topics = rd_kafka_CreatePartitions_result_topics(answer, &results), results == 1,
            rd_kafka_topic_result_error(topics[0]) == RD_KAFKA_RESP_ERR_NO_ERROR
        else { throw Failure(description: "\(topic) does not grow") }
    }
}
