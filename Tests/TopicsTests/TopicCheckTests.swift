import Kafka
import OCPI
import Testing
import Topics

@Suite struct TopicCheckTests {
    let names = TopicNames()
    let settings = TopicSettings(replication: 3)
    let outbox: NewTopic

    init() throws {
        outbox = settings.outboxTopic(names, try #require(PartyID("DE-BIL")))
    }

    /// How a topic is found that was made as wanted, but for some settings.
    private func found(
        _ wanted: NewTopic, partitions: Int? = nil, replication: Int? = nil, _ config: [String: String] = [:]
    ) -> TopicDescription {
        TopicDescription(
            name: wanted.name, partitions: partitions ?? wanted.partitions, replication: replication ?? wanted.replication,
            config: wanted.config.merging(config) { $1 })
    }

    private func check(_ topics: (TopicDescription, NewTopic)...) -> TopicCheck {
        var check = TopicCheck(names)
        for (existing, wanted) in topics { check.add(existing, wanted: wanted) }
        return check
    }

    private func topic(_ name: String) throws -> NewTopic { try #require(settings.fixedTopics(names).first { $0.name == name }) }

    @Test func aTopicAsConfiguredIsFine() {
        for wanted in settings.fixedTopics(names) + [outbox] {
            let check = check((found(wanted), wanted))
            #expect(check.defects.isEmpty && check.warnings.isEmpty, "\(check)")
        }
    }

    @Test(arguments: [
        ("retention.ms", "3600000", "518400000"), ("retention.bytes", "1000000", "-1"), ("max.message.bytes", "1048588", "4259840"),
    ])
    func anOutboxThatWouldLoseCopiesIsADefectThatNamesTheSettingAndTheCommand(name: String, value: String, least: String) {
        let check = check((found(outbox, [name: value]), outbox))
        #expect(check.defects.count == 1 && check.warnings.isEmpty)
        #expect(check.defects.allSatisfy { $0.hasPrefix("ocn.outbox.DE-BIL has \(name)=\(value) and ") })
        let command = "kafka-configs.sh --alter --topic ocn.outbox.DE-BIL --add-config \(name)=\(least)"
        #expect(check.defects.allSatisfy { $0.hasSuffix(command) }, "\(check.defects)")
    }

    @Test func noLimitAndMoreThanNeededAreFine() {
        let check = check((found(outbox, partitions: 9, replication: 5, ["retention.ms": "-1", "min.insync.replicas": "3"]), outbox))
        #expect(check.defects.isEmpty && check.warnings.isEmpty, "\(check)")
    }

    @Test func aSharedMemoryThatIsNotCompactedOrHasFourPartitionsIsADefectAlsoWithoutKnownSettings() throws {
        let state = try topic(names.state)
        #expect(check((found(state, ["cleanup.policy": "delete"]), state)).defects.count == 1)
        let embedded = TopicDescription(name: state.name, partitions: 4, config: [:])
        #expect(check((embedded, state)).defects == ["ocn.state has 4 partitions and must have exactly 1"])
    }

    @Test func moreOutboxPartitionsThanTheOneThatIsConfiguredAreFine() throws {
        let outbox = TopicSettings(outboxPartitions: 1).outboxTopic(names, try #require(PartyID("DE-BIL")))
        let check = check((found(outbox, partitions: 4), outbox))
        #expect(check.defects.isEmpty && check.warnings.isEmpty, "\(check)")
    }

    @Test func aTopicThatCannotTakeARecordIsADefect() {
        let check = check((found(outbox, replication: 1, ["min.insync.replicas": "2"]), outbox))
        #expect(check.defects.contains { $0.contains("min.insync.replicas=2 and only 1 replica") }, "\(check.defects)")
    }

    @Test func fewerPartitionsThanConfiguredIsAWarningThatNamesBoth() throws {
        let requests = try topic(names.requests)
        let warnings = check((found(requests, partitions: 3), requests)).warnings
        #expect(warnings.count == 1)
        #expect(warnings[0].hasPrefix("ocn.requests: 3 partitions, but kafka.request_partitions is 8"), "\(warnings)")
        let embedded = TopicDescription(name: requests.name, partitions: 3, config: [:])
        #expect(check((embedded, requests)).warnings == warnings, "partitions are known everywhere")
        let replies = try topic(names.replies)
        #expect(check((found(replies, partitions: 1), replies)).warnings.first?.contains("kafka.reply_partitions is 8") == true)
    }

    @Test func fewerReplicasThanConfiguredIsAWarning() {
        let check = check((found(outbox, replication: 1, ["min.insync.replicas": "1"]), outbox))
        #expect(check.defects.isEmpty && check.warnings.count == 2)
        #expect(check.warnings[0].contains("1 replica, but kafka.replication is 3"))
        #expect(check.warnings[1].contains("min.insync.replicas=1") && check.warnings[1].hasSuffix("--add-config min.insync.replicas=2"))
    }

    @Test func settingsThatWeakenTheTopicAreWarnings() throws {
        let unclean = check((found(outbox, ["unclean.leader.election.enable": "true"]), outbox))
        #expect(unclean.defects.isEmpty && unclean.warnings.first?.contains("unclean.leader.election.enable=true") == true)
        let state = try topic(names.state)
        let stamped = check((found(state, ["message.timestamp.type": "CreateTime"]), state))
        #expect(stamped.defects.isEmpty && stamped.warnings.first?.contains("message.timestamp.type=CreateTime") == true)
    }

    @Test func topicsThatDifferInTheSameWayShareALine() throws {
        let outboxes = try (0..<8).map { settings.outboxTopic(names, try #require(PartyID("DE-B0\($0)"))) }
        var check = TopicCheck(names)
        for outbox in outboxes { check.add(found(outbox, ["min.insync.replicas": "1"]), wanted: outbox) }
        #expect(check.warnings.count == 1)
        #expect(check.warnings[0].hasPrefix("ocn.outbox.DE-B00, ocn.outbox.DE-B01, ") && check.warnings[0].contains(" and 3 more topics: "))
        #expect(check.warnings[0].contains("--topic TOPIC "))
    }
}
