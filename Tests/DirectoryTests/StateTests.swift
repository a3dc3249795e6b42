import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@Suite struct StateTests {
    @Test(.timeLimit(.minutes(5)), arguments: FetchWait.allCases)
    func aWriterReadsItsOwnWritesAndBadRecordsHoldNobodyUp(_ fetchWait: FetchWait) async throws {
        let kafka = try await TestKafka(fetchWait: fetchWait)
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        let other = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        try await store.start()
        try await other.start()
        #expect(await store.ready(timeout: .seconds(10)))

        // Not JSON, JSON that is no fact, a fact under a foreign key, no key at all, which Kafka refuses in a compacted topic.
        let nonsense: [(String?, String)] = [
            ("party/DE-CPO", "{"), ("party/DE-CPO", "[]"), ("node/0xcd", #"{"operator":"0xAB","url":"x"}"#),
            (kafka.isEmbedded ? nil : "no kind of fact", "{}"),
        ]
        for (key, text) in nonsense {
            _ = try await producer.send(
                OutgoingRecord(topic: kafka.topics.state, partition: 0, key: key, value: ByteBuffer(string: text), headers: RecordHeaders())
            )
        }
        let node = NetworkNode(operatorAddress: "0xAB", url: "https://n", source: "state")
        try await writer.write([.put(.node(node))])
        #expect(store.directory.nodes == [node], "the writer's own follower has applied it when write returns")
        #expect(store.directory.version == 5)

        #expect(await other.catchUp(timeout: .seconds(5)))
        #expect(other.directory.nodes == [node], "catching up sees everything that was acknowledged before")

        for round in 0..<fetchWait.pick(short: 200, usual: 5) {
            let party = NetworkParty(
                party: try #require(PartyID("DE-CPO")), roles: ["\(round)"], operatorAddress: "0xab", source: "state")
            try await writer.write([.put(.party(party))])
            #expect(await other.catchUp(timeout: .seconds(5)))
            #expect(other.directory.networkParty(party.party) == party)
        }
        // A request with a token that this process does not know waits a quarter of a second for what others wrote. In memory the follower's
        // own fetch may take longer than that, so there is nothing new there.
        var isInTime: [Bool] = []
        for round in 0..<10 {
            if !kafka.isEmbedded {
                let node = NetworkNode(operatorAddress: "0xAB", url: "https://n\(round)", source: "state")
                try await writer.write([.put(.node(node))])
            }
            isInTime.append(await other.catchUp(timeout: .milliseconds(250)))
        }
        #expect(isInTime.count { $0 } >= 8, "the question does not wait for a fetch: \(isInTime)")
        try await writer.write([.delete(key: FactKey.node("0xAB"))])
        #expect(store.directory.nodes.isEmpty)

        let late = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await late.start()
        #expect(await late.ready(timeout: .seconds(10)))
        #expect(late.directory.parties.count == 1 && late.directory.nodes.isEmpty)
        #expect(await late.wait(for: late.directory.version + 1, timeout: .milliseconds(50)) == false)
        for each in [store, other, late] { await each.stop() }
        await producer.close(flush: .seconds(1))
    }
}
