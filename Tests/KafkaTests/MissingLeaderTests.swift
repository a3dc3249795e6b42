import Testing

@testable import Kafka

/// New topics and moving leaders: for a while a partition has no leader, or brokers do not know it.
@Suite(.timeLimit(.minutes(5))) struct MissingLeaderTests {
    /// A fault that makes a partition unusable for a while.
    enum Trouble: CaseIterable, CustomTestStringConvertible {
        case noLeader, unknown

        var testDescription: String { self == .noLeader ? "without a leader" : "unknown to the brokers" }

        func begin(_ cluster: EmbeddedCluster) {
            switch self {
            case .noLeader: cluster.setLeader("t", 0, nil)
            case .unknown: cluster.setUnknown("t", true)
            }
        }

        func end(_ cluster: EmbeddedCluster) {
            switch self {
            case .noLeader: cluster.setLeader("t", 0, 3)
            case .unknown: cluster.setUnknown("t", false)
            }
        }
    }

    private let place = TopicPartition(topic: "t", partition: 0)

    /// Runs `body` while a partition has a fault for 300 ms and recovers.
    private func during(
        _ trouble: Trouble, on cluster: EmbeddedCluster, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        trouble.begin(cluster)
        let isOver = Observed(false)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await body()
                #expect(isOver.state, "nothing that needs the partition succeeds without it")
            }
            tasks.addTask {
                try await Task.sleep(for: .milliseconds(300))
                isOver.update { $0 = true }
                trouble.end(cluster)
            }
            try await tasks.waitForAll()
        }
    }

    private func withCluster(_ body: (EmbeddedCluster, KafkaSettings) async throws -> Void) async throws {
        let cluster = try EmbeddedCluster(brokers: 3, logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        cluster.setLeader("t", 0, 1)
        try await body(cluster, TestCluster.settings("test", cluster))
        cluster.close()
    }

    private func write(_ settings: KafkaSettings) async throws {
        let producer = try Producer(settings, logger: TestCluster.logger)
        _ = try await producer.send(OutgoingRecord(topic: "t", partition: 0, value: TestCluster.value("x")))
        await producer.close(flush: .seconds(1))
    }

    @Test(arguments: Trouble.allCases) func aReaderStartsWhenItIsOver(_ trouble: Trouble) async throws {
        try await withCluster { cluster, settings in
            try await write(settings)
            let ends = Observed<[Int64]>([])
            let reader = PartitionReader(
                settings, topic: "t", partitions: [0], start: .beginning, logger: TestCluster.logger,
                onBatch: { _ in }, onEnd: { _, next in ends.update { $0.append(next) } })
            try await during(trouble, on: cluster) { try await reader.start() }
            #expect(await ends.wait { $0 == [1] })
            await reader.stop()
        }
    }

    @Test(arguments: Trouble.allCases) func watermarksComeWhenItIsOver(_ trouble: Trouble) async throws {
        try await withCluster { cluster, settings in
            try await write(settings)
            let admin = try KafkaAdmin(settings, logger: TestCluster.logger)
            try await during(trouble, on: cluster) { [place] in
                let found = try await admin.watermarks(of: [place])
                #expect(found == [place: 0..<1])
            }
            // The partition is known already, and its leader has moved.
            try await during(trouble, on: cluster) { [place] in
                while try await admin.watermarks(of: [place], within: .seconds(20)) != [place: 0..<1] {}
                try await self.write(settings)
                let found = try await admin.watermarks(of: [place])
                #expect(found == [place: 0..<2])
            }
            await admin.close()
        }
    }

    @Test(arguments: Trouble.allCases) func aRecordIsWrittenWhenItIsOver(_ trouble: Trouble) async throws {
        try await withCluster { cluster, settings in
            let producer = try Producer(settings, logger: TestCluster.logger)
            @Sendable func send() async throws {
                _ = try await producer.send(OutgoingRecord(topic: "t", partition: 0, value: TestCluster.value("x")))
            }
            try await during(trouble, on: cluster) { try await send() }
            await producer.close(flush: .seconds(1))
        }
    }

    /// The follower of `ocn.state` sends this query before every batch of MATCHER and before a 401.
    @Test func whoAsksForTheEndWaitsForANewLeader() async throws {
        try await withCluster { cluster, settings in
            try await write(settings)
            let reader = PartitionReader(
                settings, topic: "t", partitions: [0], start: .beginning, logger: TestCluster.logger, onBatch: { _ in }, onEnd: { _, _ in })
            try await reader.start()
            #expect(try await reader.latestOffset(place, timeout: .seconds(20)) == 1)
            for leader: Int32 in [2, 3, 1] {
                cluster.setLeader("t", 0, nil)
                async let asked = reader.latestOffset(place, timeout: .seconds(20))
                try await Task.sleep(for: .milliseconds(100))
                cluster.setLeader("t", 0, leader)
                let began = ContinuousClock.now
                let end = try await asked
                #expect(end == 1 && ContinuousClock.now - began < .seconds(5), "to broker \(leader)")
            }
            await reader.stop()
        }
    }

    @Test(arguments: Trouble.allCases) func whatDoesNotPassIsAnErrorInWords(_ trouble: Trouble) async throws {
        try await withCluster { cluster, settings in
            trouble.begin(cluster)
            let words = trouble == .noLeader ? "Leader not available" : "Unknown topic or partition"
            func says(_ error: any Error) -> Bool {
                let isRight = "\(error)".contains("t[0]") && "\(error)".contains(words) && (error as? KafkaError)?.mayPass == true
                #expect(isRight, "\(error)")
                return isRight
            }
            let reader = PartitionReader(
                settings, topic: "t", partitions: [0], start: .beginning, logger: TestCluster.logger, onBatch: { _ in }, onEnd: { _, _ in })
            await #expect { try await reader.start(within: .milliseconds(500)) } throws: { says($0) }
            await reader.stop()
            let admin = try KafkaAdmin(settings, logger: TestCluster.logger)
            await #expect { try await admin.watermarks(of: [place], within: .milliseconds(500)) } throws: { says($0) }
            await admin.close()
            var impatient = settings
            impatient.properties["message.timeout.ms"] = "1000"
            let producer = try Producer(impatient, logger: TestCluster.logger)
            await #expect {
                try await producer.send(OutgoingRecord(topic: "t", partition: 0, value: TestCluster.value("x")))
            } throws: { error in
                (error as? KafkaError).map { ($0.isTimedOut || $0.isUnknownTopic) && !$0.mayBePersisted } ?? false
            }
            await producer.close(flush: .milliseconds(100))
        }
    }

    /// Coordinators load too: the query for committed offsets.
    @Test func committedOffsetsComeWhenTheCoordinatorHasLoaded() async throws {
        try await withCluster { cluster, settings in
            let admin = try KafkaAdmin(settings, logger: TestCluster.logger)
            // Kafka's API keys 9 (OffsetFetch) and 10 (FindCoordinator); 14: it loads, 15: there is none.
            cluster.pushErrors(api: 10, [15, 15])
            cluster.pushErrors(api: 9, [14, 14, 14])
            let found = try await admin.committedOffsets(of: "group", [place])
            #expect(found == [CommitOffset(topic: "t", partition: 0, offset: -1)])
            await admin.close()
        }
    }
}
