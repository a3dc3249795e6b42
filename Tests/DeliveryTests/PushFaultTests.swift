import Directory
import Encoding
import Kafka
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

/// PUSH that stops, restarts, or fails to write.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PushFaultTests {
    /// Runs a worker while `body` runs, then stops it as SIGTERM does.
    private func working(_ push: PushService, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try? await push.run() }
            try await eventually("push has joined") { !push.assignment.isEmpty }
            try await body()
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
    }

    private func seen(_ id: String, _ environment: DeliveryEnvironment) -> Int {
        environment.service.recorded.count { $0.headers.first(name: "OCN-Copy-ID") == id }
    }

    @Test("Scenario 13: a service that hangs does not keep a worker from ending; the next one sends that copy again, and no other")
    func aServiceHangsAtTheEnd() async throws {
        let hangs = Atomic<Bool>(true)
        let environment = try await DeliveryEnvironment(service: { seen in
            hangs.load(ordering: .relaxed) && seen.headers.first(name: "OCN-Copy-ID") == "hanging" ? .silence : .success
        })
        try await environment.run {
            let first = try environment.push()
            try await working(first) {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "hanging", key: "a")
                for number in 0..<8 {
                    try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "well-\(number)", key: "k\(number)")
                }
                try await eventually("all are sent") { environment.service.recorded.count == 9 }
                try await eventually("all but one are committed") {
                    let commits = try await first.consumer.committed(first.assignment, timeout: .seconds(5))
                    let finished = commits.reduce(0) { sum, commit in
                        let ahead = commit.metadata.flatMap { FinishedAhead(text: $0, committed: commit.offset) }
                        return sum + Int(max(0, commit.offset)) + (ahead?.runs.reduce(0) { $0 + $1.count } ?? 0)
                    }
                    return finished == 8
                }
            }
            hangs.store(false, ordering: .relaxed)
            let second = try environment.push()
            try await working(second) {
                try await eventually("it is sent again") { seen("hanging", environment) == 2 }
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "last", key: "a")
                try await eventually("what follows is sent") { seen("last", environment) == 1 }
            }
            #expect(environment.service.recorded.count == 11, "nothing else is sent again")
        }
    }

    @Test("Scenario 29: a copy whose worker changed is given up at the horizon of its request, not of its new worker")
    func theHorizonSurvivesAChangeOfWorkers() async throws {
        let environment = try await DeliveryEnvironment(service: { _ in .answer(500, [], #"{"status_code":3000}"#) })
        try await environment.run {
            let horizon = Duration.seconds(60)
            try await working(try environment.push { $0.horizon = horizon }) {
                var old = try request(.cdrs, .receiver, .post, body: "{}")
                old.time = Timestamp.now.adding(milliseconds: -50_000)
                try await environment.copy(old, id: "old", key: "a")
                try await eventually("it was tried") { seen("old", environment) > 1 }
            }
            #expect(try await environment.dead().isEmpty)
            try await working(try environment.push { $0.horizon = horizon }) {
                // Earlier than with a horizon that starts with this worker.
                try await eventually("it is given up", within: .seconds(30)) { try await environment.dead().count == 1 }
            }
            let dead = try #require(try await environment.dead().first)
            #expect(dead.cause == "expired" && dead.copy.id == "old" && dead.copy.copyOf != "old")
        }
    }

    @Test("Scenario 30: while a dead letter cannot be written its copy is not committed, others go on, and nothing is sent again")
    func deadLettersCannotBeWritten() async throws {
        let cluster = Mutex<(EmbeddedCluster, String)?>(nil)
        let partitions = Int32(TopicSettings().outboxPartitions)
        let environment = try await DeliveryEnvironment(
            service: { seen in
                guard seen.headers.first(name: "OCN-Copy-ID") == "refused" else { return .success }
                // From now on `ocn.dead` has no leader.
                if let (cluster, dead) = cluster.withLock({ $0 }) { (0..<partitions).forEach { cluster.setLeader(dead, $0, nil) } }
                return .answer(400, [], #"{"status_code":2001}"#)
            }, ownBrokers: 1)
        let embedded = try #require(environment.kafka.embedded)
        let topics = environment.kafka.topics
        cluster.withLock { $0 = (embedded, topics.dead) }
        try await environment.run {
            let push = try environment.push()
            try await working(push) {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "refused", key: "a")
                try await eventually("it was refused") { seen("refused", environment) == 1 }
                let outbox = topics.outbox(try #require(PartyID("DE-BIL")))
                let record = try #require(try await environment.kafka.records(in: outbox, partitions: Int(partitions)).first)
                for number in 0..<20 {
                    try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "\(number)", key: "k\(number)")
                }
                try await eventually("the others are delivered") { environment.service.recorded.count == 21 }
                func committed() async throws -> CommitOffset? {
                    try await push.consumer.committed([record.topicPartition], timeout: .seconds(5)).first
                }
                // Some of the others follow it in its partition: they are committed, and it is not.
                try await eventually("what is finished behind it is committed") { try await committed()?.metadata != nil }
                #expect(try await committed()?.offset == record.offset)

                for partition in 0..<partitions { embedded.setLeader(topics.dead, partition, 1) }
                try await eventually("the dead letter is written") { try await environment.dead().map(\.copy.id) == ["refused"] }
                try await eventually("and the copy committed") { try await committed()?.offset ?? 0 > record.offset }
            }
            #expect(seen("refused", environment) == 1)
        }
    }
}
