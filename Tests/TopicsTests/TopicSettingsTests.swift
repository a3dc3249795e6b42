import Kafka
import OCPI
import Testing
import Topics

@Suite struct TopicSettingsTests {
    let names = TopicNames()

    @Test func namesAndTheirInverse() throws {
        let billing = try #require(PartyID("de-bil"))
        #expect(names.outbox(billing) == "ocn.outbox.DE-BIL")
        #expect(names.recipient(ofOutbox: "ocn.outbox.DE-BIL") == billing)
        #expect(names.recipient(ofOutbox: "ocn.requests") == nil && names.recipient(ofOutbox: "ocn.outbox.nonsense") == nil)
        #expect(names.outboxPattern == #"^ocn\.outbox\.[A-Z0-9]+-[A-Z0-9]+$"#)
        #expect(TopicNames(prefix: "a.").group("push") == "a.push")
    }

    @Test func sharedMemoryIsCompactedInOnePartition() throws {
        let topics = TopicSettings().fixedTopics(names)
        for name in [names.state, names.links] {
            let topic = try #require(topics.first { $0.name == name })
            #expect(topic.partitions == 1 && topic.config["cleanup.policy"]?.hasPrefix("compact") == true)
        }
        #expect(topics.first { $0.name == names.control }?.partitions == 1)
        #expect(Set(topics.map(\.name)).count == 7)
    }

    @Test func withThreeReplicasTwoMustBeInSync() {
        let topics = TopicSettings(replication: 3).fixedTopics(names)
        #expect(topics.allSatisfy { $0.config["min.insync.replicas"] == "2" && $0.replication == 3 })
    }

    @Test func anOutboxThatForgetsTooSoonIsADefectThatNamesTheSetting() throws {
        let wanted = TopicSettings().outboxTopic(names, try #require(PartyID("DE-BIL")))
        let existing = TopicDescription(
            name: wanted.name, partitions: 4,
            config: ["cleanup.policy": "delete", "retention.ms": "86400000", "max.message.bytes": "1048588"])
        let defects = TopicSettings.defects(of: existing, wanted: wanted)
        #expect(defects.count == 2)
        #expect(defects.contains { $0.contains("retention.ms=86400000") && $0.contains("518400000") })
        #expect(defects.contains { $0.contains("max.message.bytes") })
    }

    @Test func unlimitedRetentionIsNoDefect() throws {
        let wanted = TopicSettings().outboxTopic(names, try #require(PartyID("DE-BIL")))
        let existing = TopicDescription(name: wanted.name, partitions: 9, config: ["cleanup.policy": "delete", "retention.ms": "-1"])
        #expect(TopicSettings.defects(of: existing, wanted: wanted).isEmpty)
    }

    @Test func aSharedMemoryTopicWithFourPartitionsIsRefusedAlsoWithoutKnownSettings() throws {
        let wanted = try #require(TopicSettings().fixedTopics(names).first { $0.name == names.state })
        let defects = TopicSettings.defects(of: TopicDescription(name: names.state, partitions: 4, config: [:]), wanted: wanted)
        #expect(defects == ["ocn.state has 4 partitions and must have exactly 1"])
    }
}
