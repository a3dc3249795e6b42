import Kafka
import OCPI
import Synchronization
import Testing
import Topics

@Suite struct TopicProvisionerTests {
    let names = TopicNames()
    let settings = TopicSettings(replication: 3)

    private func provisioner(_ cluster: FakeCluster) -> TopicProvisioner {
        TopicProvisioner(admin: cluster, names: names, settings: settings)
    }

    @Test func missingTopicsAreCreatedAndExistingOnesAreNotChanged() async throws {
        let cluster = FakeCluster(Array(settings.fixedTopics(names).dropFirst(2)))
        #expect(try await provisioner(cluster).ensureFixed() == [])
        #expect(cluster.created == ["ocn.replies", "ocn.requests"])
        #expect(try await provisioner(cluster).ensureFixed() == [])
        #expect(cluster.created.count == 2)
    }

    @Test func theSettingsOfEveryOutboxAreChecked() async throws {
        var outbox = settings.outboxTopic(names, try #require(PartyID("DE-BIL")))
        outbox.config["retention.ms"] = "3600000"
        let cluster = FakeCluster(
            settings.fixedTopics(names) + [outbox, NewTopic(name: "ocn.outbox.notes", partitions: 1, replication: 1)])
        await #expect { _ = try await provisioner(cluster).ensureFixed() } throws: { error in
            "\(error)".hasPrefix("ocn.outbox.DE-BIL has retention.ms=3600000 and would lose data")
        }
    }

    @Test func harmlessDifferencesAreReported() async throws {
        var topics = settings.fixedTopics(names)
        topics[0].partitions = 3
        let warnings = try await provisioner(FakeCluster(topics)).ensureFixed()
        #expect(warnings.count == 1 && warnings[0].hasPrefix("ocn.requests: 3 partitions, but kafka.request_partitions is 8"))
    }

    @Test func aCommandThatOnlyReadsCreatesNothing() async throws {
        let cluster = FakeCluster(Array(settings.fixedTopics(names).dropLast()))
        await #expect { try await provisioner(cluster).requireFixed() } throws: { error in
            let text = "\(error)"
            return text.contains("no ocn.control, and this command creates no topics") && text.contains("kafka.prefix (ocn.)")
        }
        #expect(cluster.created.isEmpty)
        try await provisioner(FakeCluster(settings.fixedTopics(names))).requireFixed()
    }

    /// Codes of Kafka's protocol: TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED.
    @Test(arguments: [Int32(29), 31]) func aRightThatIsMissingIsNamed(code: Int32) async throws {
        let cluster = FakeCluster([], creating: KafkaError(operation: "create topic", code: code))
        await #expect { _ = try await provisioner(cluster).ensureFixed() } throws: { error in
            let text = "\(error)"
            return text.contains("ocn.announce, ") && text.contains("Create, Describe and DescribeConfigs")
                && text.contains("kafka-acls.sh") && text.contains("--topic ocn. --resource-pattern-type prefixed")
        }
        let blind = FakeCluster(settings.fixedTopics(names), describing: KafkaError(operation: "describe topic ocn.dead", code: code))
        await #expect { _ = try await provisioner(blind).ensureFixed() } throws: { error in
            "\(error)".contains("describe topic ocn.dead") && "\(error)".contains("DescribeConfigs")
        }
    }

    /// INVALID_REPLICATION_FACTOR.
    @Test func moreReplicasThanBrokersSaysWhichSetting() async throws {
        let cluster = FakeCluster([], creating: KafkaError(operation: "create topic", code: 38))
        await #expect { _ = try await provisioner(cluster).ensureFixed() } throws: { error in
            "\(error)".contains("kafka.replication is 3, which is more than this Kafka has brokers")
        }
    }

    @Test func missingTopicsAreCreatedAgainExceptStateAndLinks() async throws {
        let outbox = try #require(PartyID("DE-BIL"))
        let gone = [names.requests, names.replies, names.state, names.links, names.outbox(outbox), "another"]
        let cluster = FakeCluster(settings.fixedTopics(names).filter { !gone.contains($0.name) })
        #expect(try await provisioner(cluster).recreate(gone, services: [outbox]) == ["ocn.outbox.DE-BIL", "ocn.replies", "ocn.requests"])
        #expect(cluster.created == ["ocn.outbox.DE-BIL", "ocn.replies", "ocn.requests"])
        let forbidden = FakeCluster([], creating: KafkaError(operation: "create topic", code: 29))
        await #expect { _ = try await provisioner(forbidden).recreate([names.replies], services: []) } throws: { error in
            "\(error)".hasPrefix("ocn.replies could not be created again")
        }
    }

    @Test func aTopicThatWasCreatedAgainWithFewerPartitionsIsNoticed() async throws {
        var seen: [String: Int] = [:]
        #expect(
            try await provisioner(FakeCluster(settings.fixedTopics(names))).health(services: [], seen: &seen, within: .seconds(1)).isGood)
        var topics = settings.fixedTopics(names)
        topics[1].partitions = 1
        let health = try await provisioner(FakeCluster(topics)).health(services: [], seen: &seen, within: .seconds(1))
        #expect(health.shrunken == [topics[1].name] && !health.isGood && health.isUnusable([topics[1].name]))
        #expect(health.description.contains("fewer partitions than before"))
    }

    @Test func aBrokerThatHasNotHeardOfATopicYetIsAskedAgain() async throws {
        let cluster = FakeCluster(settings.fixedTopics(names))
        cluster.hidesForOneListing(names.replies)
        #expect(try await provisioner(cluster).replyPartitions() == settings.replyPartitions)
        cluster.hidesForOneListing(names.state)
        try await provisioner(cluster).requireFixed()
    }

    @Test func otherErrorsStayWhatTheyAre() async throws {
        let cluster = FakeCluster(settings.fixedTopics(names), describing: KafkaError(operation: "describe topics", code: -185))
        await #expect { _ = try await provisioner(cluster).ensureFixed() } throws: { error in (error as? KafkaError)?.isTimedOut == true }
    }
}

/// A cluster that keeps topics as they were asked for.
private final class FakeCluster: TopicAdministration {
    private struct State {
        var topics: [NewTopic]
        var created: [String] = []
        var hidden: String?
    }
    private let state: Mutex<State>
    private let creating: KafkaError?
    private let describing: KafkaError?

    /// - Parameters:
    ///   - creating: what becomes of every topic that is to be made.
    ///   - describing: what becomes of every question about settings.
    init(_ topics: [NewTopic], creating: KafkaError? = nil, describing: KafkaError? = nil) {
        state = Mutex(State(topics: topics))
        self.creating = creating
        self.describing = describing
    }

    /// Sorted names.
    var created: [String] { state.withLock { $0.created.sorted() } }

    /// The next listing lacks it.
    func hidesForOneListing(_ topic: String) { state.withLock { $0.hidden = topic } }

    func listTopics() async throws(KafkaError) -> [String: Int] {
        let topics = state.withLock { state in
            defer { state.hidden = nil }
            return state.topics.filter { $0.name != state.hidden }
        }
        return Dictionary(topics.map { ($0.name, $0.partitions) }) { first, _ in first }
    }

    func topicStandings(within limit: Duration) async throws(KafkaError) -> [String: TopicStanding] {
        Dictionary(state.withLock { $0.topics }.map { ($0.name, TopicStanding(partitions: $0.partitions, inSync: 3)) }) { first, _ in first
        }
    }

    func describeTopics(_ names: [String], within limit: Duration) async throws(KafkaError) -> [TopicDescription] {
        if let describing { throw describing }
        return state.withLock { $0.topics }.filter { names.contains($0.name) }.map {
            TopicDescription(name: $0.name, partitions: $0.partitions, replication: $0.replication, config: $0.config)
        }
    }

    func createTopics(_ topics: [NewTopic]) async throws(KafkaError) -> [String: KafkaError?] {
        if creating == nil {
            state.withLock { state in
                state.topics += topics
                state.created += topics.map(\.name)
            }
        }
        return Dictionary(topics.map { ($0.name, creating) }) { first, _ in first }
    }

    func mayBeHidden(_ topic: String) async throws(KafkaError) -> Bool { false }

    func isEmbedded() async throws(KafkaError) -> Bool { false }
}
