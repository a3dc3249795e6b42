import Dispatch
import Encoding
import Kafka
import Logging
import NIOCore
import OCPI
import Support
import Synchronization
import Testing
import Topics

@testable import Directory

/// A topic that is made anew under its followers.
@Suite(.timeLimit(.minutes(5))) struct FollowerTests {
    private let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
    private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // MARK: How far it got

    @Test func aTopicMadeAnewPutsThePositionBackUntilItsEndIsReached() async {
        let progress = FollowerProgress()
        progress.advance(to: 100, atEnd: true)
        #expect(await progress.wait(for: 100, timeout: .zero))
        progress.restart()
        #expect(progress.position == 0)
        #expect(await progress.wait(for: nil, timeout: .zero), "it was read to its end once: what was known stays in use")
        progress.advance(to: 3, atEnd: false)
        #expect(await !progress.wait(for: 2, timeout: .zero), "gathered, and not in use yet")
        async let third = progress.wait(for: 3, timeout: .seconds(30))
        async let old = progress.wait(for: 100, timeout: .milliseconds(20))
        progress.advance(to: 5, atEnd: true)
        #expect(await third)
        #expect(await !old, "somebody who waits for the old log hears that it was not in time")
        #expect(progress.position == 5)
    }

    @Test func anEndBeforeThePositionBelongsToALogThatIsYetToBeRead() async {
        let progress = FollowerProgress()
        progress.advance(to: 100, atEnd: true)
        let mark = progress.mark
        #expect(await !progress.wait(for: 4, since: mark, timeout: .zero))
        #expect(!progress.waitBlocking(for: 4, since: mark, timeout: .zero))
        async let waited = progress.wait(for: 4, since: mark, timeout: .seconds(30))
        progress.restart()
        progress.advance(to: 4, atEnd: true)
        #expect(await waited)
        // Asked before others wrote more: nothing is wrong.
        let later = progress.mark
        progress.advance(to: 9, atEnd: false)
        #expect(await progress.wait(for: 4, since: later, timeout: .zero))
    }

    // MARK: What it knows

    @Test("Scenario 37: a state made anew is used once it has been read to its end, and the old one until then")
    func aStateMadeAnewIsUsedOnceItIsComplete() throws {
        let snapshot = StateSnapshot(secrets: secrets, logger: silent)
        let nodes = ["0xa", "0xb", "0xc"].map { NetworkNode(operatorAddress: $0, url: "https://\($0)", source: "state") }
        snapshot.apply(.records([record(0, .node(nodes[0])), record(1, .node(nodes[1]))], next: 2))
        #expect(snapshot.current.nodes == [nodes[0], nodes[1]], "the first time records count as they come")
        snapshot.apply(.end(next: 7))
        #expect(snapshot.current.version == 7)
        snapshot.apply(.restarted)
        snapshot.apply(.records([record(0, .node(nodes[2]))], next: 1))
        #expect(snapshot.current.nodes == [nodes[0], nodes[1]] && snapshot.current.version == 7)
        snapshot.apply(.end(next: 1))
        #expect(snapshot.current.nodes == [nodes[2]] && snapshot.current.version == 1)
        snapshot.apply(.records([record(1, .node(nodes[0]))], next: 2))
        #expect(snapshot.current.nodes == [nodes[0], nodes[2]] && snapshot.current.version == 2)
        // Once more, now empty, and interrupted by another restart.
        snapshot.apply(.restarted)
        snapshot.apply(.records([record(0, .node(nodes[1]))], next: 1))
        snapshot.apply(.restarted)
        snapshot.apply(.end(next: 0))
        #expect(snapshot.current.nodes.isEmpty && snapshot.current.version == 0)
    }

    @Test func aTimeInTheFutureIsTakenForNowSoThatItPasses() throws {
        let clock = KafkaClock()
        // Kafka's clock is an hour behind.
        clock.learn(3_600_000)
        let snapshot = StateSnapshot(secrets: secrets, clock: clock, logger: silent)
        let party = try #require(PartyID("DE-CPO"))
        let forever = try #require(Timestamp(rfc3339: "9999-12-31T23:59:59Z"))
        let before = RecordBounds(now: clock.now).latest
        let facts: [Fact] = [
            .process(ProcessReport(instance: "p", start: "s", seen: forever)), .status(platform: "a", .connected, forever),
            .clientInfo(ClientInfo(party: party, role: "CPO", status: .connected, lastUpdated: .now)),
            .announced(ClientInfo(party: party, role: "CPO", status: .connected, lastUpdated: forever)),
            .claim(PartyClaim(party: party, platform: "a", since: forever)),
            .breaker(BreakerReport(recipient: party, worker: "w", state: .open, since: forever)),
        ]
        snapshot.apply(.records(facts.enumerated().map { record(Int64($0.offset), $0.element) }, next: 6))
        let latest = RecordBounds(now: clock.now).latest
        let directory = snapshot.current
        let times = [
            directory.process("p")?.seen, directory.lastUpdated(of: "a"), directory.toldClientInfos.first?.lastUpdated,
            directory.announced(party, role: "CPO")?.lastUpdated, directory.claim(of: party)?.since,
            directory.breakers(of: party).first?.since, directory.breakers(of: party).first?.seen,
        ]
        for time in times {
            let time = try #require(time)
            #expect((before...latest).contains(time))
        }
        #expect(directory.status(of: "a") == .connected && directory.process("p")?.isAlive(now: forever) == false)
    }

    @Test func linksThatOutliveAllOthersAreNotKept() throws {
        let links = LinkTable(maxLinks: 10, maxPerParty: 10)
        let party = try #require(PartyID("DE-CPO"))
        for (id, days): (String, Int64) in [("cdr", 400), ("forever", 402)] {
            let capability = Capability(
                kind: .object, owner: party, user: party, target: .url("https://x"),
                expires: Timestamp.now.adding(milliseconds: days * 86_400_000))
            links.apply([IncomingRecord(topic: "links", partition: 0, offset: 0, key: id, value: capability.json.encoded())])
        }
        #expect(links["cdr"] != nil && links["forever"] == nil)
        let objects = ObjectParties(topics: TopicNames(prefix: "t.")) { _ in }
        let name = try #require(ObjectName(.owner, .locations, "LOC1"))
        let value: JSONValue = ["party": "DE-CPO", "expires": "9999-12-31T23:59:59Z"]
        objects.apply([IncomingRecord(topic: "links", partition: 0, offset: 0, key: name.key + "|DE-CPO", value: value.encoded())])
        #expect(objects[name] == nil)
    }

    @Test func linksAndObjectsOfATopicMadeAnewReplaceTheOldOnes() throws {
        let links = LinkTable(maxLinks: 10, maxPerParty: 10)
        let party = try #require(PartyID("DE-CPO"))
        let capability = Capability(
            kind: .page, owner: party, user: party, target: .url("https://x"), expires: Timestamp.now.adding(milliseconds: 60_000))
        func link(_ id: String) -> IncomingRecord {
            IncomingRecord(topic: "links", partition: 0, offset: 0, key: id, value: capability.json.encoded())
        }
        links.apply([link("old")])
        links.restart()
        links.apply([link("new")])
        #expect(links["old"] != nil && links["new"] == nil)
        links.complete()
        links.apply([link("newer")])
        #expect(links["old"] == nil && links["new"] != nil && links["newer"] != nil)

        let sent = Mutex<[OutgoingRecord]>([])
        let objects = ObjectParties(topics: TopicNames(prefix: "t.")) { record in sent.withLock { $0.append(record) } }
        let name = try #require(ObjectName(.owner, .locations, "LOC1"))
        objects.note(name, party)
        objects.restart()
        #expect(objects[name] == party)
        let again = try #require(sent.withLock { $0.first })
        objects.complete()
        #expect(objects[name] == nil)
        objects.apply([IncomingRecord(topic: "links", partition: 0, offset: 0, key: again.key, value: again.value)])
        #expect(objects[name] == party)
    }

    // MARK: With Kafka

    /// The embedded cluster drops the oldest of more than 5 MB, read or not, and this follower rests meanwhile.
    @Test("Scenario 37: a follower whose position has gone reads everything again and waits are right again")
    func aFollowerWhosePositionHasGoneReadsEverythingAgain() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        guard kafka.isEmbedded else { return }
        var settings = kafka.settings
        settings.properties["queued.min.messages"] = "100"  // it reads at most 2 MB ahead
        let steps = Mutex<[String]>([])
        let isHeld = Atomic(false)
        let go = DispatchSemaphore(value: 0)
        let follower = TopicFollower(kafka: settings, topic: kafka.topics.state, logger: kafka.logger) { step in
            let text =
                switch step {
                case .records(let records, _): records.map { "\($0.offset)" }
                case .end(let next): ["end \(next)"]
                case .restarted: ["restarted"]
                }
            steps.withLock { $0 += text }
            if case .records = step, isHeld.load(ordering: .acquiring) { go.wait() }
        }
        try await follower.start()
        #expect(await follower.ready(timeout: .seconds(10)))
        isHeld.store(true, ordering: .releasing)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let value = ByteBuffer(repeating: 0x2E, count: 10_000)
        for _ in 0..<1500 {
            _ = try await producer.send(OutgoingRecord(topic: kafka.topics.state, partition: 0, key: "x", value: value))
        }
        isHeld.store(false, ordering: .releasing)
        go.signal()
        #expect(await follower.catchUp(timeout: .seconds(20)))
        #expect(follower.position == 1500)
        let seen = steps.withLock { $0 }
        let restart = try #require(seen.lastIndex(of: "restarted"))
        let afterwards = seen[(restart + 1)...].compactMap { Int64($0) }
        #expect(afterwards.last == 1499 && afterwards.first.map { Array($0...1499) } == afterwards)
        #expect(await !follower.wait(for: 1501, timeout: .milliseconds(20)))
        await follower.stop()
        await producer.close(flush: .seconds(1))
    }

    private func record(_ offset: Int64, _ fact: Fact) -> IncomingRecord {
        IncomingRecord(topic: "state", partition: 0, offset: offset, key: fact.key, value: fact.json.encoded())
    }
}
