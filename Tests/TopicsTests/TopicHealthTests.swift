import Kafka
import Testing
import Topics

@Suite struct TopicHealthTests {
    private let names = TopicNames(prefix: "t.")
    private let wanted = TopicSettings(replication: 3).fixedTopics(TopicNames(prefix: "t."))

    private func standings(_ change: (inout [String: TopicStanding]) -> Void = { _ in }) -> [String: TopicStanding] {
        var standings = Dictionary(uniqueKeysWithValues: wanted.map { ($0.name, TopicStanding(partitions: $0.partitions, inSync: 3)) })
        standings["another"] = TopicStanding(partitions: 1, withoutLeader: 1, inSync: 0)
        change(&standings)
        return standings
    }

    @Test func allIsWellWhereEveryTopicCanBeWritten() {
        let health = TopicHealth(of: wanted, in: standings { $0[names.requests]?.inSync = 2 })
        #expect(health.isGood && health.description.isEmpty && !health.isUnusable([names.requests]))
    }

    @Test func aTopicThatVanishedIsNamedAndUnusable() {
        let health = TopicHealth(of: wanted, in: standings { $0[names.replies] = nil })
        #expect(!health.isGood && health.missing == ["t.replies"] && health.description.contains("t.replies"))
        #expect(health.isUnusable([names.requests, names.replies]) && !health.isUnusable([names.requests]))
    }

    @Test func aPartitionWithoutALeaderIsReportedAndOnlyATopicWithoutAnyIsUnusable() {
        let some = TopicHealth(of: wanted, in: standings { $0[names.requests]?.withoutLeader = 7 })
        #expect(!some.isGood && some.withoutLeader == ["t.requests"] && !some.isUnusable([names.requests]))
        let all = TopicHealth(of: wanted, in: standings { $0[names.requests]?.withoutLeader = 8 })
        #expect(!all.isGood && all.isUnusable([names.requests]))
    }

    @Test func tooFewReplicasInSyncMeanThatNothingIsAccepted() {
        let health = TopicHealth(
            of: wanted,
            in: standings {
                $0[names.state] = TopicStanding(partitions: 1, inSync: 1)
                $0[names.requests] = TopicStanding(partitions: 8, inSync: 1, inSyncAtBest: 2)
            })
        #expect(!health.isGood && health.underReplicated == ["t.requests", "t.state"])
        #expect(health.description.contains("min.insync.replicas"))
        #expect(health.isUnusable([names.state]), "every write would wait in vain")
        #expect(!health.isUnusable([names.requests]), "some partitions take writes")
    }
}
