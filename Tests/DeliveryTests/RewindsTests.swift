import Directory
import Encoding
import Kafka
import Logging
import OCPI
import Support
import Synchronization
import Testing
import Topics

@testable import Delivery

@Suite struct RewindsTests {
    private static let topics = TopicNames()

    private final class Node: Sendable {
        let state = Mutex(Directory(secrets: Fixture.secrets))
        let restarted = Mutex<[CommitOffset]>([])
    }

    /// Partition 0 goes back; 1 has no record that late; 2 has not reached the time; 3 belongs to another worker.
    @Test("Scenario 7: every partition that an operator rewinds goes back once and says so")
    func everyPartitionGoesBackOnceAndSaysSo() async throws {
        let recipient = try #require(PartyID("DE-BIL"))
        let partitions = (0..<3).map { TopicPartition(topic: Self.topics.outbox(recipient), partition: $0) }
        let node = Node()
        let order = Fact.outbox(
            OutboxOrder(recipient: recipient, isPaused: true, rewind: .init(id: "r1", to: Timestamp(milliseconds: 1000))))
        node.state.withLock { $0.apply(key: order.key, order) }
        let rewinds = Rewinds(
            directory: { node.state.withLock { $0 } }, changed: { _ in await Task.yield() },
            offsets: { partitions, time throws(KafkaError) in
                #expect(time == Timestamp(milliseconds: 1000))
                return [partitions[0]: 5, partitions[1]: nil, partitions[2]: 40]
            },
            write: { changes throws(StateError) in
                node.state.withLock { state in
                    for case .put(let fact) in changes { state.apply(key: fact.key, fact) }
                }
            })
        let topics = Self.topics
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await rewinds.run(
                    topics, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, assignment: { partitions },
                    positions: { partitions throws(KafkaError) in
                        partitions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: 20) }
                    },
                    restart: { offsets throws(KafkaError) in node.restarted.withLock { $0 += offsets } })
            }
            while !(0..<3).allSatisfy({ partition in node.state.withLock { $0.rewindDone(of: recipient, partition: partition) } == "r1" }) {
                await Task.yield()
            }
            group.cancelAll()
        }
        #expect(
            node.restarted.withLock { $0 }
                == [CommitOffset(topic: partitions[0].topic, partition: 0, offset: 5)])
        #expect(rewinds.due(partitions, Self.topics).isEmpty)
        #expect(rewinds.due([TopicPartition(topic: partitions[0].topic, partition: 3)], Self.topics).count == 1)
    }
}
