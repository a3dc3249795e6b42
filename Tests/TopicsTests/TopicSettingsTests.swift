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

    @Test func topicsWithATimeLimitHaveNoSizeLimit() {
        let topics = TopicSettings().fixedTopics(names)
        for topic in topics where topic.config["retention.ms"] != nil {
            #expect(topic.config["retention.bytes"] == "-1", "\(topic.name): a broker's own default would lose what waits")
        }
    }

    @Test func theSharedMemoryIsStampedByTheBroker() {
        let topics = TopicSettings().fixedTopics(names)
        #expect(topics.first { $0.name == names.state }?.config["message.timestamp.type"] == "LogAppendTime")
    }
}
