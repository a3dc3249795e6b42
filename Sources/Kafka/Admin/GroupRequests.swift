import CLibrdkafka
import NIOCore

extension KafkaAdmin {
    /// Describes groups by name, each with a result of its own. An embedded cluster cannot answer (`isUnsupported`).
    package func describeGroups(
        _ names: [String], within limit: Duration
    ) async throws(KafkaError) -> [String: Result<GroupDescription, KafkaError>] {
        guard !names.isEmpty else { return [:] }
        return try await perform("describe groups") { admin throws(KafkaError) in
            guard try !admin.isEmbedded() else { throw GroupRequests.unsupported }
            return try admin.each("describe groups", names, limit, on: nil) { rk, names, milliseconds in
                GroupRequests.describe(rk, names, milliseconds, isStopping: admin.isStopping)
            }
        }
    }

    /// The names of the groups that this user may see. An embedded cluster cannot answer (`isUnsupported`).
    package func listGroups(within limit: Duration) async throws(KafkaError) -> [String] {
        try await perform("list groups") { admin throws(KafkaError) in
            guard try !admin.isEmbedded() else { throw GroupRequests.unsupported }
            return try admin.patiently("list groups", limit) { rk, milliseconds in
                GroupRequests.list(rk, milliseconds, isStopping: admin.isStopping)
            }
        }
    }

    /// The committed offsets of each group on partitions, queried concurrently; offset -1 where there is none.
    /// - Returns: by group; a group without an answer in time, or with an error, has that error.
    package func committedOffsets(
        ofGroups groups: [String], _ partitions: [TopicPartition], within limit: Duration
    ) async throws(KafkaError) -> [String: Result<[CommitOffset], KafkaError>] {
        guard !groups.isEmpty, !partitions.isEmpty else { return [:] }
        return try await perform("group offsets") { admin throws(KafkaError) in
            try admin.each("group offsets", groups, limit, on: try admin.client(ofGroup: groups[0])) { rk, groups, milliseconds in
                .success(GroupRequests.committed(rk, groups, partitions, milliseconds, isStopping: admin.isStopping))
            }
        }
    }

    /// Queries groups until each has an answer or a permanent error, or the time is over. While a group's coordinator moves or loads, its
    /// errors are retried.
    /// - Returns: the last answer for each group.
    private func each<Value>(
        _ operation: String, _ groups: [String], _ limit: Duration, on client: ClientHandle?,
        _ ask: (OpaquePointer, _ groups: [String], _ milliseconds: Int32) -> Result<[String: Result<Value, KafkaError>], KafkaError>
    ) throws(KafkaError) -> [String: Result<Value, KafkaError>] {
        var found: [String: Result<Value, KafkaError>] = [:]
        var left = groups
        do throws(KafkaError) {
            try patiently(operation, limit, on: client) { rk, milliseconds in
                ask(rk, left, milliseconds).flatMap { answers in
                    found.merge(answers) { _, new in new }
                    var passing: KafkaError?
                    left = left.filter { group in
                        guard case .failure(let error)? = answers[group], error.mayPass else { return false }
                        passing = error
                        return true
                    }
                    return passing.map { .failure($0) } ?? .success(())
                }
            }
        } catch {
            if found.isEmpty { throw error }
        }
        return found
    }
}

/// Requests about consumer groups. They block. All but ``standing(_:_:_:)`` are for short-lived processes: see
/// ``AdminRequest/coordinatorLimit``.
enum GroupRequests {
    static let unsupported = KafkaError(
        "consumer groups", RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, reason: "this in-memory Kafka does not tell about groups")

    static func describe(
        _ rk: OpaquePointer, _ names: [String], _ milliseconds: Int32, isStopping: () -> Bool
    ) -> Result<[String: Result<GroupDescription, KafkaError>], KafkaError> {
        AdminRequest.perform(
            rk, "describe groups", RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, milliseconds: milliseconds, isForCoordinator: true,
            isStopping: isStopping
        ) { options, queue in
            withCStrings(names) { names in
                var names = names
                rd_kafka_DescribeConsumerGroups(rk, &names, names.count, options, queue)
            }
        } read: { event in
            var count = 0
            let list = rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), &count)
            var found: [String: Result<GroupDescription, KafkaError>] = [:]
            for case let group? in UnsafeBufferPointer(start: list, count: list == nil ? 0 : count) {
                guard let name = rd_kafka_ConsumerGroupDescription_group_id(group) else { continue }
                found[String(cString: name)] = description(of: group)
            }
            return found
        }
    }

    /// Describes one group with the request that goes to all brokers. It leaves nothing behind when it times out, so a long-lived process
    /// may repeat it.
    static func standing(_ rk: OpaquePointer, _ name: String, _ milliseconds: Int32) -> Result<GroupDescription, KafkaError> {
        var list: UnsafePointer<rd_kafka_group_list>?
        let code = rd_kafka_list_groups(rk, name, &list, milliseconds)
        defer { if let list { rd_kafka_group_list_destroy(list) } }
        // If a broker is gone the list is incomplete; it may contain the group all the same.
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTIAL, let list else {
            return .failure(KafkaError("describe group", code))
        }
        let groups = UnsafeBufferPointer(start: list.pointee.groups, count: max(0, Int(list.pointee.group_cnt)))
        guard let group = groups.first(where: { $0.group.map { String(cString: $0) } == name }) else {
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return .failure(KafkaError("describe group", RD_KAFKA_RESP_ERR__TIMED_OUT)) }
            return .success(GroupDescription(state: .empty, members: []))
        }
        guard group.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return .failure(KafkaError("describe group", group.err)) }
        let state: GroupDescription.State =
            switch group.state.map({ String(cString: $0) }) {
            case "PreparingRebalance", "CompletingRebalance": .rebalancing
            case "Stable": .stable
            case "Empty", "Dead": .empty
            default: .other
            }
        let members = UnsafeBufferPointer(start: group.members, count: max(0, Int(group.member_cnt))).map { member in
            let assignment = UnsafeRawBufferPointer(start: member.member_assignment, count: max(0, Int(member.member_assignment_size)))
            return GroupDescription.Member(
                clientID: member.client_id.map { String(cString: $0) } ?? "",
                partitions: MemberAssignment(ByteBuffer(bytes: assignment))?.partitions ?? [])
        }
        return .success(GroupDescription(state: state, members: members))
    }

    static func list(_ rk: OpaquePointer, _ milliseconds: Int32, isStopping: () -> Bool) -> Result<[String], KafkaError> {
        AdminRequest.perform(
            rk, "list groups", RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, milliseconds: milliseconds, isStopping: isStopping
        ) { options, queue in
            rd_kafka_ListConsumerGroups(rk, options, queue)
        } read: { event -> Result<[String], KafkaError> in
            let result = rd_kafka_event_ListConsumerGroups_result(event)
            var count = 0
            let errors = rd_kafka_ListConsumerGroups_result_errors(result, &count)
            // An incomplete list must not be taken for a complete one.
            if case let error?? = UnsafeBufferPointer(start: errors, count: errors == nil ? 0 : count).first {
                return .failure(KafkaError("list groups", borrowing: error))
            }
            let list = rd_kafka_ListConsumerGroups_result_valid(result, &count)
            return .success(
                UnsafeBufferPointer(start: list, count: list == nil ? 0 : count).compactMap { group in
                    group.flatMap { rd_kafka_ConsumerGroupListing_group_id($0) }.map { String(cString: $0) }
                })
        }.flatMap { $0 }
    }

    static func committed(
        _ rk: OpaquePointer, _ groups: [String], _ partitions: [TopicPartition], _ milliseconds: Int32, isStopping: () -> Bool
    ) -> [String: Result<[CommitOffset], KafkaError>] {
        let late = KafkaError("group offsets", RD_KAFKA_RESP_ERR__TIMED_OUT)
        var found = Dictionary(groups.map { ($0, Result<[CommitOffset], KafkaError>.failure(late)) }) { first, _ in first }
        guard let options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS), let queue = rd_kafka_queue_new(rk)
        else { return found }
        defer {
            rd_kafka_queue_destroy(queue)
            rd_kafka_AdminOptions_destroy(options)
        }
        let deadline = Deadline(after: .milliseconds(Int64(milliseconds)))
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, AdminRequest.coordinatorLimit, &reason, reason.count)
        // Kafka accepts one group per request; all requests are sent before the first answer.
        for group in found.keys {
            var wanted: [OpaquePointer?] = [PartitionList(partitions).use { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }]
            rd_kafka_ListConsumerGroupOffsets(rk, &wanted, wanted.count, options, queue)
            rd_kafka_ListConsumerGroupOffsets_destroy(wanted[0])
        }
        var left = found.count
        while left > 0, !deadline.hasPassed, !isStopping() {
            guard let event = rd_kafka_queue_poll(queue, min(100, deadline.remainingMilliseconds)) else { continue }
            defer { rd_kafka_event_destroy(event) }
            left -= 1
            var count = 0
            let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
            // An event that is an error as a whole does not name its group: that group stays without an answer.
            guard let answers = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count), count > 0, let answer = answers[0],
                let name = rd_kafka_group_result_name(answer)
            else { continue }
            found[String(cString: name)] = offsets(in: answer)
        }
        return found
    }

    private static func offsets(in answer: OpaquePointer) -> Result<[CommitOffset], KafkaError> {
        if let error = rd_kafka_group_result_error(answer) { return .failure(KafkaError("group offsets", borrowing: error)) }
        let list = rd_kafka_group_result_partitions(answer).map { UnsafeMutablePointer(mutating: $0) }
        if let error = PartitionList.firstError(in: list, "group offsets") { return .failure(error) }
        return .success(PartitionList.offsets(of: list))
    }

    private static func description(of group: OpaquePointer) -> Result<GroupDescription, KafkaError> {
        if let error = rd_kafka_ConsumerGroupDescription_error(group), rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR {
            return .failure(KafkaError("describe groups", borrowing: error))
        }
        let state: GroupDescription.State =
            switch rd_kafka_ConsumerGroupDescription_state(group) {
            case RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE, RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE: .rebalancing
            case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE: .stable
            case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY, RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: .empty
            default: .other
            }
        let members = (0..<rd_kafka_ConsumerGroupDescription_member_count(group)).compactMap { index in
            rd_kafka_ConsumerGroupDescription_member(group, index).map { member in
                GroupDescription.Member(
                    clientID: rd_kafka_MemberDescription_client_id(member).map { String(cString: $0) } ?? "",
                    partitions: PartitionList.partitions(
                        of: rd_kafka_MemberDescription_assignment(member).flatMap { rd_kafka_MemberAssignment_partitions($0) }
                            .map { UnsafeMutablePointer(mutating: $0) }))
            }
        }
        return .success(GroupDescription(state: state, members: members))
    }

    /// Calls `body` with C copies of the texts, which live during the call.
    private static func withCStrings(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Void) {
        // Unsafe, balanced: made and freed here.
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        body(copies.map { $0.map { UnsafePointer($0) } })
    }
}

extension KafkaError {
    /// Makes an error from one that its caller keeps and frees.
    init(_ operation: String, borrowing error: OpaquePointer) {
        self.init(operation, rd_kafka_error_code(error), reason: String(cString: rd_kafka_error_string(error)))
    }
}
