import CLibrdkafka

/// Admin requests about topics. They block; for the admin's thread.
enum TopicRequests {
    static func create(
        _ rk: OpaquePointer, _ topics: [NewTopic], milliseconds: Int32, isStopping: () -> Bool
    ) -> Result<[String: KafkaError?], KafkaError> {
        var wanted: [OpaquePointer?] = []
        defer { for topic in wanted { rd_kafka_NewTopic_destroy(topic) } }
        var refused: [String: KafkaError?] = [:]
        var reason = [CChar](repeating: 0, count: 256)
        for topic in topics {
            let made = rd_kafka_NewTopic_new(
                topic.name, Int32(clamping: topic.partitions), Int32(clamping: topic.replication), &reason, reason.count)
            guard let made else {
                refused[topic.name] = KafkaError("create topic", RD_KAFKA_RESP_ERR__INVALID_ARG, reason: reason.text)
                continue
            }
            for (name, value) in topic.config.sorted(by: { $0.key < $1.key }) { rd_kafka_NewTopic_set_config(made, name, value) }
            wanted.append(made)
        }
        guard !wanted.isEmpty else { return .success(refused) }
        return AdminRequest.perform(
            rk, "create topics", RD_KAFKA_ADMIN_OP_CREATETOPICS, milliseconds: milliseconds, isStopping: isStopping
        ) { options, queue in
            rd_kafka_CreateTopics(rk, &wanted, wanted.count, options, queue)
        } read: { event in
            var count = 0
            let list = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            return results("create topic", list, count).merging(refused) { _, refused in refused }
        }
    }

    static func delete(
        _ rk: OpaquePointer, _ names: [String], isStopping: () -> Bool
    ) -> Result<[String: KafkaError?], KafkaError> {
        var wanted: [OpaquePointer?] = names.map { rd_kafka_DeleteTopic_new($0) }
        defer { for topic in wanted { rd_kafka_DeleteTopic_destroy(topic) } }
        return AdminRequest.perform(rk, "delete topics", RD_KAFKA_ADMIN_OP_DELETETOPICS, isStopping: isStopping) { options, queue in
            rd_kafka_DeleteTopics(rk, &wanted, wanted.count, options, queue)
        } read: { event in
            var count = 0
            let list = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
            return results("delete topic", list, count)
        }
    }

    /// All topics and their state. Requests all, because a request for one name can create it.
    static func list(_ rk: OpaquePointer, milliseconds: Int32) -> Result<[String: TopicStanding], KafkaError> {
        var found: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(rk, 1, nil, &found, milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else { return .failure(KafkaError("list topics", code)) }
        defer { rd_kafka_metadata_destroy(found) }
        var standings: [String: TopicStanding] = [:]
        for topic in UnsafeBufferPointer(start: found.pointee.topics, count: max(0, Int(found.pointee.topic_cnt))) {
            guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = topic.topic else { continue }
            let partitions = UnsafeBufferPointer(start: topic.partitions, count: max(0, Int(topic.partition_cnt)))
            standings[String(cString: name)] = TopicStanding(
                partitions: partitions.count, withoutLeader: partitions.count { $0.leader < 0 },
                replicas: partitions.map { Int($0.replica_cnt) }.min() ?? 0, inSync: partitions.map { Int($0.isr_cnt) }.min() ?? 0,
                inSyncAtBest: partitions.map { Int($0.isr_cnt) }.max() ?? 0)
        }
        return .success(standings)
    }

    static func configs(
        _ rk: OpaquePointer, _ names: [String], milliseconds: Int32, isStopping: () -> Bool
    ) -> Result<[String: [String: String]], KafkaError> {
        var wanted: [OpaquePointer?] = names.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { for resource in wanted { rd_kafka_ConfigResource_destroy(resource) } }
        let answer = AdminRequest.perform(
            rk, "describe topics", RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, milliseconds: milliseconds, isStopping: isStopping
        ) { options, queue in
            rd_kafka_DescribeConfigs(rk, &wanted, wanted.count, options, queue)
        } read: { event in
            var count = 0
            let list = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
            var configs: [String: [String: String]] = [:]
            for case let resource? in UnsafeBufferPointer(start: list, count: list == nil ? 0 : count) {
                let code = rd_kafka_ConfigResource_error(resource)
                guard let name = rd_kafka_ConfigResource_name(resource).map({ String(cString: $0) }) else { continue }
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    let reason = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
                    return Result<[String: [String: String]], KafkaError>.failure(
                        KafkaError("describe topic \(name)", code, reason: reason))
                }
                configs[name] = entries(of: resource)
            }
            return .success(configs)
        }
        return answer.flatMap { $0 }
    }

    /// Whether a topic exists that brokers do not list, judged by its settings or the refusal to return them. Creates nothing.
    static func isHidden(_ rk: OpaquePointer, _ name: String, isStopping: () -> Bool) -> Result<Bool, KafkaError> {
        switch configs(rk, [name], milliseconds: 5000, isStopping: isStopping) {
        case .success(let found): .success(found[name] != nil)
        case .failure(let error) where error.unauthorized == .topic: .success(true)
        case .failure(let error) where error.isUnknownTopic: .success(false)
        case .failure(let error): .failure(error)
        }
    }

    private static func entries(of resource: OpaquePointer) -> [String: String] {
        var count = 0
        let list = rd_kafka_ConfigResource_configs(resource, &count)
        var entries: [String: String] = [:]
        for entry in UnsafeBufferPointer(start: list, count: list == nil ? 0 : count) {
            guard let name = rd_kafka_ConfigEntry_name(entry), let value = rd_kafka_ConfigEntry_value(entry) else { continue }
            entries[String(cString: name)] = String(cString: value)
        }
        return entries
    }

    private static func results(
        _ operation: String, _ list: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int
    ) -> [String: KafkaError?] {
        var results: [String: KafkaError?] = [:]
        for case let topic? in UnsafeBufferPointer(start: list, count: list == nil ? 0 : count) {
            guard let name = rd_kafka_topic_result_name(topic) else { continue }
            let code = rd_kafka_topic_result_error(topic)
            let reason = rd_kafka_topic_result_error_string(topic).map { String(cString: $0) }
            let error = code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(operation, code, reason: reason)
            results.updateValue(error, forKey: String(cString: name))
        }
        return results
    }
}
