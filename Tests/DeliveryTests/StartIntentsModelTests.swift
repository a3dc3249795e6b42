import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

/// Workers that come, crash, lose their membership without noticing and hand over, and a Kafka whose answers get lost. All requests are
/// POSTs: none may be sent twice, and what lies beyond a promise is sent.
@Suite struct StartIntentsModelTests {
    @Test(arguments: 0..<60)
    func nothingIsSentTwiceAndWhatLiesBeyondAPromiseIsSent(_ seed: Int) throws {
        var workers = try ModelWorkers(seed: UInt64(seed))
        for _ in 0..<2000 { workers.step(mayCrash: true) }
        workers.settle()
        #expect(workers.problems.isEmpty, "seed \(seed): \(workers.problems)")
        #expect(workers.sent.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        #expect(Set(workers.sent.keys).union(workers.unsent).count == workers.log.count, "seed \(seed): each is sent or answered for")
    }

    @Test(arguments: 0..<30)
    func aHandOverInOrderLeavesNothingInDoubtButWhatIsUnderWay(_ seed: Int) throws {
        var workers = try ModelWorkers(seed: UInt64(seed))
        for _ in 0..<600 { workers.step(mayCrash: false) }
        workers.settle()
        #expect(workers.problems.isEmpty, "seed \(seed): \(workers.problems)")
        #expect(workers.sent.count == workers.log.count && workers.sent.values.allSatisfy { $0 == 1 }, "seed \(seed)")
    }
}

/// Of one partition. Times are milliseconds; every event takes one at least.
private struct ModelWorkers {
    private static let session: Int64 = 1000
    private static let partition = TopicPartition(topic: "ocn.requests", partition: 0)

    /// What is on its way between a worker and Kafka.
    private struct Encoding {
        let worker: Int
        let generation: Int
        let commit: CommitOffset
    }

    private struct Worker {
        var intents = StartIntents<TestRequest>(.init(lease: .milliseconds(ModelWorkers.session * 3 / 4)))
        var isAlive = true
        /// Neither its heartbeats nor its commits come through. It goes on reading.
        var isCutOff = false
        /// The generation it takes itself for a member of; nil: it has no partition.
        var generation: Int?
        var epoch: UInt64 = 0
        var position: Int64 = 0
        var ledger = CompletionLedger(start: 0)
        /// Begun and waiting for the recipient.
        var line: [TestRequest] = []
        /// Sent, and no answer yet.
        var underWay: [Int64] = []
        var wantsCommit = false
        var commitUnderWay = false
    }

    private var random: SeededGenerator
    private let recipient: PartyID
    private let isBusy: Bool
    private var now: Int64 = 1
    private(set) var log: [Int64] = []
    private(set) var sent: [Int64: Int] = [:]
    /// Answered without being sent, because in doubt.
    private(set) var unsent: Set<Int64> = []
    private(set) var problems: [String] = []
    private var workers: [Worker] = []
    private var wires: [Encoding] = []
    // What Kafka knows.
    private var committed: CommitOffset
    private var generation = 0
    private var owner: Int?
    private var heardAt: Int64 = 0

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        isBusy = seed.isMultiple(of: 2)
        recipient = try #require(PartyID("DE-CPO"))
        committed = CommitOffset(topic: Self.partition.topic, partition: 0, offset: -1)
        workers = [Worker(), Worker()]
    }

    private var time: NIODeadline { .at(.milliseconds(now)) }

    mutating func step(mayCrash: Bool) {
        now += .random(in: 1...30, using: &random)
        let worker = Int(random.next() % UInt64(workers.count))
        switch random.next() % 20 {
        case 0..<4: append()
        case 4..<8: read(worker, atMost: .random(in: 1...20, using: &random))
        case 8..<10: end(worker)
        case 10..<11: startWaiting(worker)
        case 11..<14: sendCommit(worker)
        case 14..<17: arrive(isLossy: mayCrash)
        case 17: if random.chance(10) { handOver(mayLoseCommit: mayCrash) }
        case 18: if mayCrash { mishap(worker) }
        default: if workers[worker].intents.waiting.requests > 0, workers[worker].wantsCommit { sendCommit(worker) }
        }
        if let owner, workers[owner].isAlive, !workers[owner].isCutOff { heardAt = now }
        if let owner, now - heardAt >= Self.session {
            generation += 1
            self.owner = nil
            // A zombie is still at it.
            if !workers[owner].isAlive { workers[owner] = Worker() }
        }
        if owner == nil, random.chance(50) { assign() }
    }

    /// All is well from now on, until all is done.
    mutating func settle() {
        for index in workers.indices {
            workers[index].isCutOff = false
            if !workers[index].isAlive { workers[index] = Worker() }
            if workers[index].generation != generation || owner != index { lose(index) }
        }
        wires = []
        if let owner, workers[owner].generation != generation {
            // It was dead.
            self.owner = nil
            generation += 1
        }
        if owner == nil { assign() }
        guard let owner else { return problems.append("nobody is there") }
        workers[owner].commitUnderWay = false
        for _ in 0..<5000 where sent.count + unsent.subtracting(sent.keys).count < log.count {
            now += 10
            heardAt = now
            read(owner, atMost: 50)
            startWaiting(owner)
            end(owner)
            sendCommit(owner)
            arrive(isLossy: false)
        }
    }

    // MARK: The group

    private mutating func assign() {
        let able = workers.indices.filter { workers[$0].isAlive && !workers[$0].isCutOff && workers[$0].generation == nil }
        guard let next = able.randomElement(using: &random) else { return }
        owner = next
        heardAt = now
        workers[next].generation = generation
        workers[next].epoch += 1
        workers[next].position = max(0, committed.offset)
        workers[next].ledger = CompletionLedger(start: max(0, committed.offset))
        workers[next].line = []
        workers[next].underWay = []
        workers[next].commitUnderWay = false
        let redelivery = RedeliveryGuard(committed, since: now)
        let actions = workers[next].intents.assign([Self.partition: redelivery], epoch: workers[next].epoch)
        carryOut(next, actions)
    }

    private mutating func handOver(mayLoseCommit: Bool) {
        guard let leaving = owner, workers[leaving].isAlive, !workers[leaving].isCutOff else { return }
        let waiting = workers[leaving].line
        workers[leaving].line = []
        _ = workers[leaving].intents.revoke([Self.partition], waiting: waiting)
        // What is under way ends in time, or is sent and nobody knows.
        if !mayLoseCommit { while !workers[leaving].underWay.isEmpty { end(leaving) } }
        if let commit = makeCommit(leaving), !mayLoseCommit || random.chance(80) { committed = commit }
        generation += 1
        owner = nil
        workers[leaving].generation = nil
    }

    /// A worker notices, or is told, that it is no member.
    private mutating func lose(_ index: Int) {
        guard workers[index].generation != nil else { return }
        workers[index].line = []
        _ = workers[index].intents.revoke([Self.partition], waiting: [])
        workers[index].generation = nil
    }

    private mutating func mishap(_ index: Int) {
        switch random.next() % 12 {
        case 0:
            // Killed. Its session goes on until Kafka has not heard of it for long enough.
            workers[index].isAlive = false
            if owner != index { workers[index] = Worker() }
        case 1..<3: workers[index].isCutOff = true
        case 3..<6:
            workers[index].isCutOff = false
            if workers[index].generation != generation || owner != index { lose(index) }
        default: break
        }
    }

    // MARK: A worker

    /// Much at once, or, of every other seed, a record now and then: so little that a promise outlasts a session.
    private mutating func append() {
        guard isBusy || random.chance(5) else { return }
        for _ in 0..<(isBusy ? Int.random(in: 1...12, using: &random) : 1) { log.append(now) }
    }

    private mutating func read(_ index: Int, atMost count: Int) {
        guard workers[index].isAlive, workers[index].generation != nil else { return }
        let offsets = workers[index].position..<min(workers[index].position + Int64(count), Int64(log.count))
        guard !offsets.isEmpty else { return }
        var requests: [TestRequest] = []
        for offset in offsets {
            let record = IncomingRecord(
                topic: Self.partition.topic, partition: 0, offset: offset, timestamp: log[Int(offset)], value: nil,
                epoch: workers[index].epoch)
            workers[index].ledger.begin(offset)
            var request = TestRequest(recipient: recipient, offset: offset, epoch: workers[index].epoch)
            request.isInDoubt = workers[index].intents.isInDoubt(record)
            requests.append(request)
        }
        workers[index].position = offsets.upperBound
        carryOut(index, workers[index].intents.receive(requests, now: time))
    }

    private mutating func carryOut(_ index: Int, _ actions: [StartIntents<TestRequest>.Action]) {
        for action in actions {
            switch action {
            case .begin(let request) where request.isInDoubt:
                unsent.insert(request.offset)
                workers[index].ledger.finish(request.offset)
            case .begin(let request): if random.chance(30) { workers[index].line.append(request) } else { send(index, request.offset) }
            case .commit: workers[index].wantsCommit = true
            case .expire, .abandon, .pause, .resume, .alarm: break
            }
        }
    }

    private mutating func send(_ index: Int, _ offset: Int64) {
        sent[offset, default: 0] += 1
        if sent[offset] != 1 { problems.append("\(offset) was sent twice") }
        if unsent.contains(offset), workers[index].generation == generation { problems.append("\(offset) was answered for and then sent") }
        workers[index].underWay.append(offset)
    }

    private mutating func startWaiting(_ index: Int) {
        guard workers[index].isAlive, !workers[index].line.isEmpty else { return }
        send(index, workers[index].line.removeFirst().offset)
    }

    private mutating func end(_ index: Int) {
        guard workers[index].isAlive, !workers[index].underWay.isEmpty else { return }
        workers[index].ledger.finish(workers[index].underWay.removeFirst())
    }

    // MARK: Commits

    private mutating func makeCommit(_ index: Int) -> CommitOffset? {
        let point = workers[index].ledger.commitPoint
        guard let text = workers[index].intents.next(Self.partition, commitPoint: point, now: time) else { return nil }
        return CommitOffset(topic: Self.partition.topic, partition: 0, offset: point, metadata: text)
    }

    private mutating func sendCommit(_ index: Int) {
        guard workers[index].isAlive, let generation = workers[index].generation, !workers[index].commitUnderWay,
            let commit = makeCommit(index)
        else { return }
        workers[index].wantsCommit = false
        workers[index].commitUnderWay = true
        wires.append(Encoding(worker: index, generation: generation, commit: commit))
    }

    /// The oldest commit under way comes to Kafka, and its answer to the worker, or one of them does not.
    private mutating func arrive(isLossy: Bool) {
        guard !wires.isEmpty else { return }
        let wire = wires.removeFirst()
        let isCurrent = workers[wire.worker].generation == wire.generation
        defer { if isCurrent { workers[wire.worker].commitUnderWay = false } }
        guard !workers[wire.worker].isCutOff, !(isLossy && random.chance(15)), wire.generation == generation, owner == wire.worker
        else { return }
        committed = wire.commit
        heardAt = now
        guard isCurrent, workers[wire.worker].isAlive, !(isLossy && random.chance(25)) else { return }
        carryOut(wire.worker, workers[wire.worker].intents.committed([wire.commit], now: time))
    }
}
