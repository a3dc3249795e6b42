import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// Requests that come, repeat each other, fail, are read again and run out of time, against rules that are looked up in lists.
@Suite struct ExchangeStateModelTests {
    @Test(arguments: 0..<40)
    func everyRequestEndsOnceAndNothingIsCalledThatMustNotBe(_ seed: Int) throws {
        var model = try ExchangeModel(seed: UInt64(seed))
        for _ in 0..<1500 where model.problems.isEmpty { try model.step() }
        try model.settle()
        #expect(model.problems.isEmpty, "seed \(seed): \(model.problems.prefix(5))")
        #expect(model.calls > 40 && model.repeats > 0, "seed \(seed): \(model.calls) calls, \(model.repeats) repeats")
    }
}

/// One worker with one partition, which it loses and gets back. It knows of each request only what it was told of it.
private struct ExchangeModel {
    private enum Stage { case received, begun, waiting, calling, answered, ended }

    private struct Life {
        let entry: Entry
        let key: IdempotencyKey?
        var stage = Stage.received
        var hasReplyAcknowledged = false
    }

    private typealias Entry = (record: IncomingRecord, exchange: PendingExchange)

    private static let places = 3
    private static let recipients = ["DE-CPO", "DE-BIL", "NL-CPO"]

    private(set) var problems: [String] = []
    private(set) var calls = 0
    private(set) var repeats = 0
    private var random: SeededGenerator
    private var environment: ExchangeStateFixture
    private var lives: [ObjectIdentifier: Life] = [:]
    /// All that were read, in order, as long as they have not ended.
    private var order: [ObjectIdentifier] = []
    private var underWay: [IdempotencyKey: ObjectIdentifier] = [:]
    /// The text of the answer that repeats get.
    private var remembered: [IdempotencyKey: String] = [:]
    private var alarms: [NIODeadline] = []
    // The partition.
    private var log: [Entry] = []
    private var position = 0
    /// All before it are finished, and these.
    private var finishedBefore: Int64 = 0
    private var finished: Set<Int64> = []
    private var lastBegun: Int64 = -1
    private var committed = CommitOffset(topic: "", partition: 0, offset: -1)
    private var isAssigned = false

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        environment = try ExchangeStateFixture { settings in
            settings.callsPerRecipient = Self.places
            settings.callsInTotal = 7
            settings.waitingPerRecipient = 20
            // Opens after several failures and soon tries again, so that most calls are made.
            settings.breaker = BreakerSettings(minimumCalls: 8, opensAtPercent: 80, pauseBase: .milliseconds(300), pauseCap: .seconds(1))
        }
        assign()
    }

    // MARK: What happens

    mutating func step() throws {
        switch random.next() % 20 {
        case 0..<3: try append()
        case 3..<5: read(atMost: .random(in: 1...6, using: &random))
        case 5..<9: admit()
        case 9..<12: end()
        case 12..<15: acknowledgeReply(mayFail: true)
        case 15..<17: commit(isLost: random.chance(20))
        case 17..<19: pass(.random(in: 1...40, using: &random))
        default: if isAssigned, random.chance(8) { revoke() }
        }
        if !isAssigned, random.chance(50) { assign() }
        check()
    }

    /// Everything comes to its end.
    mutating func settle() throws {
        if !isAssigned { assign() }
        for _ in 0..<4000 where problems.isEmpty && (position < log.count || !order.isEmpty) {
            read(atMost: 10)
            admit()
            end()
            acknowledgeReply(mayFail: false)
            commit(isLost: false)
            pass(20)
            check()
        }
        guard problems.isEmpty else { return }
        if environment.state.figures.calls != 0 || environment.state.begun != 0 {
            problems.append("something is left: \(environment.state.figures)")
        }
        // No permit was lost: after every pause each recipient is called again.
        pass(700_000)
        for recipient in Self.recipients {
            log.append(try environment.exchange(Int64(log.count), to: recipient))
            read(atMost: 1)
            commit(isLost: false)
            let exchange = order.last.flatMap { lives[$0]?.entry.exchange }
            let told = exchange.map { environment.admit($0) }
            if told?.first?.hasPrefix("call") != true { problems.append("\(recipient) is not called: \(told ?? [])") }
        }
    }

    private mutating func append() throws {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let method = random.pick([OCPI.Method.get, .post, .post, .put])
            let entry = try environment.exchange(
                Int64(log.count), method, to: random.pick(Self.recipients), account: "platform/\(random.next() % 3)",
                id: method == .post ? "\(log.count / 12)/\(random.next() % 3)" : nil, lasts: .random(in: 50...4000, using: &random),
                key: "\(random.next() % 4)", hasReply: !random.chance(3))
            log.append(entry)
        }
    }

    private mutating func read(atMost count: Int) {
        guard isAssigned, position < log.count else { return }
        let batch = log[position..<min(position + count, log.count)].map { environment.again($0) }
        position += batch.count
        for entry in batch {
            lives[ObjectIdentifier(entry.exchange)] = Life(entry: entry, key: IdempotencyKey(entry.exchange.record))
            order.append(ObjectIdentifier(entry.exchange))
        }
        happened(environment.state.received(batch, now: environment.now))
    }

    /// Those of one recipient come to their event loop in order.
    private mutating func admit() {
        let recipient = random.pick(Self.recipients)
        guard let id = first(where: { $0.stage == .begun && "\($0.entry.exchange.recipient)" == recipient }), let life = lives[id] else {
            return
        }
        let exchange = life.entry.exchange
        let failure = random.chance(4) ? ExchangeFailure(.refused, .unknownReceiver(exchange.recipient)) : nil
        let actions = environment.state.admit(exchange, life.key, unroutable: failure, now: environment.now)
        if !actions.contains(where: { Self.subject($0) == id }) { lives[id]?.stage = .waiting }
        happened(actions)
    }

    private mutating func end() {
        guard let (id, life) = any(where: { $0.stage == .calling }) else { return }
        let exchange = life.entry.exchange
        let isOver = exchange.sendBy <= environment.now
        switch random.next() % 10 {
        case 0 where isOver: happened(environment.state.expired(exchange, now: environment.now))
        case 0: happened(environment.state.failed(exchange, ExchangeFailure(.refused, .notSendable("test")), now: environment.now))
        case 1..<4:
            let kind = random.pick([OutboundFailure.Kind.timeout, .notSent, .broken, .busy])
            happened(environment.state.callFailed(exchange, OutboundFailure(kind, "test"), began: environment.now, now: environment.now))
        default:
            let response = OutboundResponse(status: random.chance(20) ? 503 : 200, body: ByteBuffer(string: "\(id)"))
            happened(environment.state.answered(exchange, RecipientResponse(response, []), now: environment.now))
        }
        guard lives[id]?.stage == .answered else { return }
        let again = environment.state.answered(exchange, RecipientResponse(OutboundResponse(status: 200), []), now: environment.now)
        if !again.isEmpty { problems.append("it is answered twice") }
    }

    private mutating func acknowledgeReply(mayFail: Bool) {
        guard let (id, life) = any(where: { $0.stage == .answered }) else { return }
        let exchange = life.entry.exchange
        lives[id]?.hasReplyAcknowledged = true
        if mayFail, random.chance(20) {
            let actions = environment.state.replyFailed(exchange, isFinal: random.chance(20), now: environment.now, jitter: 0)
            if actions.retry != nil { lives[id]?.hasReplyAcknowledged = false }
            return happened(actions)
        }
        happened(environment.state.replyAcknowledged(exchange, now: environment.now, jitter: 0))
        if !environment.state.replyAcknowledged(exchange, now: environment.now, jitter: 0).isEmpty { problems.append("it ends twice") }
    }

    private mutating func commit(isLost: Bool) {
        guard isAssigned else { return }
        let commit = environment.commit(commitPoint())
        guard !isLost else { return }
        committed = commit
        happened(environment.state.committed([commit], now: environment.now))
    }

    /// Woken only when it asked for that.
    private mutating func pass(_ milliseconds: Int64) {
        environment.time += milliseconds
        while alarms.contains(where: { $0 <= environment.now }) {
            alarms.removeAll { $0 <= environment.now }
            happened(environment.state.wake(now: environment.now))
        }
        for life in order.compactMap({ lives[$0] }) where life.stage == .received || life.stage == .waiting && isWaitingForPlace(life) {
            if life.entry.exchange.sendBy <= environment.now { problems.append("\(life.entry.exchange.offset) waits past its time") }
        }
    }

    private mutating func revoke() {
        isAssigned = false
        happened(environment.state.revoked([ExchangeStateFixture.partition], now: environment.now))
        if random.chance(80) { committed = environment.commit(commitPoint()) }
        if first(where: { $0.stage == .received || $0.stage == .waiting && isWaitingForPlace($0) }) != nil {
            problems.append("something still waits")
        }
    }

    private mutating func commitPoint() -> Int64 {
        while finished.remove(finishedBefore) != nil { finishedBefore += 1 }
        return finishedBefore
    }

    private mutating func assign() {
        isAssigned = true
        environment.epoch += 1
        lastBegun = -1
        position = Int(max(0, committed.offset))
        finished = []
        finishedBefore = Int64(position)
        environment.state.resuming([
            CommitOffset(
                topic: ExchangeStateFixture.partition.topic, partition: 0, offset: committed.offset, metadata: committed.metadata)
        ])
        happened(
            environment.state.assigned(
                [ExchangeStateFixture.partition], epoch: environment.epoch, wall: environment.wall.milliseconds, now: environment.now))
    }

    // MARK: What must follow

    private mutating func happened(_ actions: ExchangeState.Actions) {
        for action in actions {
            guard let id = Self.subject(action) else {
                if case .wake(let due) = action { alarms.append(due) }
                continue
            }
            guard let life = lives[id] else {
                problems.append("\(action): nobody knows it")
                continue
            }
            let offset = life.entry.exchange.offset
            func isUnlike(_ stages: Stage...) -> Bool { !stages.contains(life.stage) }
            switch action {
            case .begin:
                if isUnlike(.received) || offset <= lastBegun { problems.append("\(offset) was not next") }
                lastBegun = offset
                lives[id]?.stage = .begun
            case .call:
                called(id, life)
                lives[id]?.stage = .calling
            case .writeReply(_, let answer, let isRepeat):
                answered(id, life, answer, isRepeat: isRepeat)
                lives[id]?.stage = .answered
            case .refuse(_, let refusal):
                if isUnlike(.received, .begun, .waiting, .calling) { problems.append("\(offset) is answered twice") }
                // What waited for a place as a repeat and is in doubt has become the first of its key.
                if let key = life.key, underWay[key] == id || refusal == .inDoubt && life.stage == .waiting {
                    forget(key, RecipientResponse(refusal.failure(of: life.entry.exchange.recipient)))
                }
                lives[id]?.stage = .answered
            case .finish:
                let isUnanswered = life.entry.exchange.record.reply == nil && life.stage == .received
                if !isUnanswered, isUnlike(.answered) || !life.hasReplyAcknowledged { problems.append("\(offset) has no reply") }
                if life.entry.exchange.epoch == environment.epoch, isAssigned { finished.insert(offset) }
                if isUnanswered { lastBegun = max(lastBegun, offset) }
                ended(id)
            case .abandon:
                if isUnlike(.received, .begun, .waiting) { problems.append("\(offset) was called and is abandoned") }
                if isAssigned, life.entry.exchange.epoch == environment.epoch { problems.append("\(offset) is abandoned in its partition") }
                ended(id)
            default: break
            }
        }
    }

    private mutating func called(_ id: ObjectIdentifier, _ life: Life) {
        calls += 1
        let exchange = life.entry.exchange
        if life.stage != .begun, life.stage != .waiting { problems.append("\(exchange.offset) is called twice") }
        if exchange.sendBy <= environment.now { problems.append("\(exchange.offset) is called too late") }
        // Nobody of the same account that waits for the same recipient came before it.
        let overtaken = order.prefix { $0 != id }.compactMap { lives[$0] }.first {
            $0.stage == .waiting && $0.entry.exchange.recipient == exchange.recipient && $0.entry.exchange.account == exchange.account
                && $0.entry.exchange.epoch == exchange.epoch && isWaitingForPlace($0)
        }
        if let overtaken { problems.append("\(exchange.offset) is called before \(overtaken.entry.exchange.offset)") }
        guard let key = life.key else { return }
        if underWay[key] != nil { problems.append("\(exchange.offset) is called beside the one it repeats") }
        if remembered[key] != nil { problems.append("\(exchange.offset) is called although it was done") }
        underWay[key] = id
    }

    private mutating func answered(_ id: ObjectIdentifier, _ life: Life, _ answer: RecipientResponse, isRepeat: Bool) {
        let exchange = life.entry.exchange
        guard isRepeat else {
            if life.stage != .calling { problems.append("\(exchange.offset) is answered without a call") }
            if let key = life.key { forget(key, answer) }
            return
        }
        repeats += 1
        if life.stage != .begun, life.stage != .waiting { problems.append("\(exchange.offset) is answered twice") }
        guard let key = life.key, underWay[key] != nil || remembered[key] == text(answer) else {
            return problems.append("\(exchange.offset) repeats nothing, or is told something else")
        }
    }

    /// The first of a key is over.
    private mutating func forget(_ key: IdempotencyKey, _ answer: RecipientResponse) {
        underWay[key] = nil
        if answer.mayBeDone { remembered[key] = text(answer) }
    }

    private mutating func ended(_ id: ObjectIdentifier) {
        lives[id]?.stage = .ended
        order.removeAll { $0 == id }
    }

    /// What the state keeps as it goes, counted anew.
    private mutating func check() {
        var counted = ExchangeFigures(unanswering: environment.state.figures.unanswering)
        var places: [PartyID: Int] = [:]
        var begun = 0
        for id in order {
            guard let life = lives[id] else { continue }
            guard let stage = environment.state.stage(of: life.entry.exchange) else {
                if life.stage == .received { counted.waitingForIntent += 1 } else { problems.append("\(life.stage) is not known") }
                continue
            }
            begun += 1
            switch (stage, life.stage) {
            case (.begun, .begun): break
            case (.waitsForPlace, .waiting): counted.waitingForPlace += 1
            case (.waitsForAnswer, .waiting), (.calling, .calling): places[life.entry.exchange.recipient, default: 0] += 1
            case (.replying(let reply), .answered):
                if reply.place != nil { places[life.entry.exchange.recipient, default: 0] += 1 }
            default: problems.append("\(stage) is not \(life.stage)")
            }
        }
        counted.calls = places.values.reduce(0, +)
        if counted != environment.state.figures || begun != environment.state.begun {
            problems.append("\(environment.state.figures) and \(environment.state.begun), but \(counted) and \(begun)")
        }
        if let most = places.values.max(), most > Self.places { problems.append("\(most) places are taken") }
    }

    // MARK: Looking up

    private func isWaitingForPlace(_ life: Life) -> Bool {
        if case .waitsForPlace? = environment.state.stage(of: life.entry.exchange) { true } else { false }
    }

    private func first(where isWanted: (Life) -> Bool) -> ObjectIdentifier? { order.first { lives[$0].map(isWanted) ?? false } }

    private mutating func any(where isWanted: (Life) -> Bool) -> (ObjectIdentifier, Life)? {
        let wanted = order.filter { lives[$0].map(isWanted) ?? false }
        guard let id = wanted.randomElement(using: &random), let life = lives[id] else { return nil }
        return (id, life)
    }

    private func text(_ answer: RecipientResponse) -> String {
        guard let record = log.first?.exchange.record else { return "" }
        let reply = answer.reply(to: record, at: ReplyAddress(partition: 0, epoch: 7), time: environment.wall)
        return reply.body.map { String(buffer: $0) } ?? "\(reply.outcome)"
    }

    private static func subject(_ action: ExchangeAction) -> ObjectIdentifier? {
        switch action {
        case .begin(let exchange), .call(let exchange), .writeReply(let exchange, _, _), .refuse(let exchange, _), .finish(let exchange),
            .abandon(let exchange):
            ObjectIdentifier(exchange)
        case .waitUntil, .writeIntent, .pause, .resume, .wake, .waited, .breaker: nil
        }
    }
}
