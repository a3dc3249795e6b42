import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import ServiceLifecycle
import Support
import Testing
import Topics

@testable import Matcher

/// Anyone who has seen a signed message of another node can replay it. A request that the hub answers by itself must not be carried out
/// twice.
@Suite(.serialized) struct RepeatedRequestsTests {
    @Test func aStoredMessageThatComesAgainIsARepeatOfItsFirstRecordOnly() throws {
        var announced = AnnouncedRequests()
        func isRepeated(_ request: RequestRecord, in record: IncomingRecord, now: NIODeadline) -> Bool {
            announced.isRepeated(request, in: record, of: "\(request.from)", now: now)
        }
        let stored = try self.stored()
        let first = record(1)
        #expect(!isRepeated(stored, in: first, now: at(0)))
        #expect(!isRepeated(stored, in: first, now: at(1)), "its partition was given up and came back")
        #expect(isRepeated(stored, in: record(2), now: at(1)))
        #expect(
            isRepeated(stored, in: record(0), now: at(2)), "it had been read, and comes again behind the one that was announced")
        let changes: [(inout RequestRecord) -> Void] = [
            { $0.requestID = "req-2" }, { $0.body = ByteBuffer(string: "[]") }, { $0.path = "DE/CPO/2" }, { $0.query = "x=1" },
            { $0.method = .delete }, { $0.module = .tariffs },
        ]
        for (number, change) in changes.enumerated() {
            var other = stored
            change(&other)
            #expect(!isRepeated(other, in: record(10 + Int64(number)), now: at(3)), "change \(number)")
        }
        // A record that waited for as long as answers are remembered is still known.
        #expect(isRepeated(stored, in: record(30), now: at(19)))
        #expect(!isRepeated(stored, in: record(31), now: at(20)))
    }

    @Test func onlyNonIdempotentRequestsOfLocalPartiesAreForwardedOnce() throws {
        var announced = AnnouncedRequests()
        func isRepeated(_ request: RequestRecord, in record: IncomingRecord, now: NIODeadline) -> Bool {
            announced.isRepeated(request, in: record, of: "\(request.from)", now: now)
        }
        var broadcast = try Broadcaster.request(from: "DE-CPO", .locations)
        for offset in Int64(0)..<3 { #expect(!isRepeated(broadcast, in: record(offset), now: at(0)), "a PUT means the same twice") }
        broadcast.method = .patch
        #expect(!isRepeated(broadcast, in: record(3), now: at(0)))
        #expect(isRepeated(broadcast, in: record(4), now: at(0)))
    }

    @Test func oneSenderDisplacesOnlyItsOwnRequests() throws {
        var announced = AnnouncedRequests(requests: 8)
        func isRepeated(_ request: RequestRecord, in record: IncomingRecord, now: NIODeadline) -> Bool {
            announced.isRepeated(request, in: record, of: "\(request.from)", now: now)
        }
        let quiet = try stored()
        #expect(!isRepeated(quiet, in: record(0), now: at(0)))
        var loud = quiet
        loud.from = try #require(PartyID("NL-CPO"))
        for number in Int64(1)...100 {
            loud.requestID = "loud-\(number)"
            #expect(!isRepeated(loud, in: record(number), now: at(0)))
        }
        #expect(isRepeated(quiet, in: record(101), now: at(0)))
    }

    @Test(.timeLimit(.minutes(5))) func repeatsAreAnnouncedOnce() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let facts =
            try Broadcaster.platform("cpo", [("DE-CPO", "CPO")], [.locations])
            + Broadcaster.platform("msp", [("NL-MSP", "EMSP")], [.locations])
        try await writer.write(facts.map(FactChange.put))
        let matcher = MatcherService(
            kafka: kafka.settings, topics: kafka.topics, hub: try Broadcaster.hub, store: store, producer: producer, logger: kafka.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: matcher)], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            func send(_ request: RequestRecord) async throws {
                var request = request
                (request.id, request.time, request.key) = (UUIDText.v7(), .now, "one partition")
                _ = try await producer.send(request.outgoing(to: kafka.topics))
            }
            var broadcast = try Broadcaster.request(from: "DE-CPO", .locations)
            broadcast.method = .patch
            for _ in 0..<3 {
                try await send(stored())
                try await send(broadcast)
            }
            var last = try stored()
            last.requestID = "the last one"
            try await send(last)
            func announced() async throws -> [String] {
                try await kafka.records(in: kafka.topics.announce, partitions: TopicSettings().outboxPartitions)
                    .map { try AnnouncementRecord($0).request.requestID }
            }
            try await eventually("the last one is announced") { try await announced().contains("the last one") }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            #expect(try await announced().sorted() == ["req-1", "req-1", "the last one"], "the stored one and the broadcast, once each")
        }
        await store.stop()
        await producer.close(flush: .seconds(1))
    }

    /// The record that INGRESS writes for a stored request of another node.
    private func stored() throws -> RequestRecord {
        var request = try Broadcaster.request(from: "FR-CPO", .locations)
        request.to = try #require(PartyID("NL-MSP"))
        request.origin = .node("https://other.example")
        request.isStored = true
        return request
    }

    private func record(_ offset: Int64) -> IncomingRecord {
        IncomingRecord(topic: "ocn.requests", partition: 0, offset: offset, value: nil)
    }

    private func at(_ minutes: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .minutes(minutes) }
}

/// The order in which requests are displaced.
@Suite struct RecentRequestsTests {
    private struct Item {
        let key: IdempotencyKey
        let account: String
        let bytes: Int
        let expires: NIODeadline
    }

    private func key(_ id: Int, from sender: String) throws -> IdempotencyKey {
        var request = try Broadcaster.request(from: sender, .locations)
        request.method = .patch
        request.requestID = "\(id)"
        return try #require(IdempotencyKey(request))
    }

    /// The size to which each is cut so that the total does not exceed the target.
    private func level(_ sizes: some Collection<Int>, _ target: Int) -> Int {
        (0...(sizes.max() ?? 0)).last { level in sizes.reduce(0) { $0 + min($1, level) } <= target } ?? 0
    }

    /// Whether an item may be displaced: its account has more than each account's share, and its sender more than each sender's share of
    /// the account.
    private func mayGo(_ item: Item, of items: [Item], limit: Int, _ size: (Item) -> Int) -> Bool {
        guard items.reduce(0, { $0 + size($1) }) > limit else { return false }
        var accounts: [String: Int] = [:]
        var senders: [PartyID: Int] = [:]
        for other in items {
            accounts[other.account, default: 0] += size(other)
            if other.account == item.account { senders[other.key.sender, default: 0] += size(other) }
        }
        let ofAccount = level(accounts.values, limit - limit / 64)
        return accounts[item.account, default: 0] > ofAccount && senders[item.key.sender, default: 0] > level(senders.values, ofAccount)
    }

    @Test func onlyTheLargestAreDisplacedOldestFirst() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        let limits = RecentRequests<Int>.Limits(requests: 24, bytes: 2000, window: .minutes(10), perAccount: 2)
        var requests = RecentRequests<Int>(limits)
        var items: [Item] = []
        var now = NIODeadline.uptimeNanoseconds(1)
        for number in 0..<600 {
            if random.chance(30) { now = now + .seconds(Int64.random(in: 0..<120, using: &random)) }
            items.removeAll { $0.expires <= now }
            // The first account has most, and so has the first party of each.
            let account = min(Int.random(in: 0..<4, using: &random), Int.random(in: 0..<4, using: &random))
            let party = min(Int.random(in: 0..<4, using: &random), Int.random(in: 0..<4, using: &random))
            let bytes = random.chance(10) ? Int.random(in: 0..<1200, using: &random) : Int.random(in: 0..<150, using: &random)
            let item = Item(
                key: try key(number, from: "DE-A\(account)\(party)"), account: "node/\(account)", bytes: bytes,
                expires: now + limits.window)
            let accounts = Set(items.map(\.account)).count
            let fits = bytes <= (limits.bytes - limits.bytes / 64) / max(limits.perAccount, accounts + 1)
            let isKnown = requests.remember(number, bytes: bytes, of: item.account, as: item.key, now: now)
            if fits { items.append(item) }
            let kept = items.filter { requests.memory(of: $0.key, now: now) != nil }
            let known = Set(kept.map(\.key))
            let bytesKept = kept.reduce(0) { $0 + $1.bytes }
            #expect(isKnown == known.contains(item.key), "seed \(seed), request \(number)")
            #expect(requests.count == kept.count && requests.bytes == bytesKept, "seed \(seed), request \(number)")
            #expect(kept.count <= limits.requests && bytesKept <= limits.bytes, "seed \(seed), request \(number)")
            for (index, gone) in items.enumerated() where !known.contains(gone.key) {
                let hasMostBytes = mayGo(gone, of: items, limit: limits.bytes) { $0.bytes }
                let hasMostRequests = mayGo(gone, of: items, limit: limits.requests) { _ in 1 }
                #expect(hasMostBytes || hasMostRequests, "seed \(seed), request \(number)")
                let hasOlder = items[..<index].contains {
                    $0.account == gone.account && $0.key.sender == gone.key.sender && known.contains($0.key)
                }
                #expect(!hasOlder, "seed \(seed), request \(number)")
            }
            items = kept
        }
    }

    /// The largest users are determined once for many requests, and not for each.
    @Test func whenFullRoomIsMadeForSeveral() throws {
        var requests = RecentRequests<Int>(.init(requests: 640, window: .minutes(10), perAccount: 4))
        var counts: [Int] = []
        for number in 1...651 {
            requests.remember(number, bytes: 0, of: "node/one", as: try key(number, from: "DE-CPO"), now: .uptimeNanoseconds(1))
            counts.append(requests.count)
        }
        #expect(counts == Array(1...640) + Array(630...640))
    }
}
