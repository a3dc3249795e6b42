import Encoding
import Kafka
import NIOCore
import OCPI
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// An ``ExchangeState`` on a clock of the test, and requests for it.
struct ExchangeStateFixture {
    static let partition = TopicPartition(topic: "ocn.requests", partition: 0)

    var state: ExchangeState
    /// Milliseconds since the test began.
    var time: Int64 = 0
    var epoch: UInt64 = 1
    private let settings: ExchangeSettings

    /// Two places per recipient; a breaker opens at the second of two failures, and one probe closes it.
    init(_ change: (inout ExchangeSettings) -> Void = { _ in }) throws {
        var settings = ExchangeSettings(
            publicURL: "https://hub", nodeKey: try #require(Fixture.key), callsPerRecipient: 2, margin: .zero,
            breaker: BreakerSettings(minimumCalls: 2, probes: 1, pauseBase: .seconds(5), pauseCap: .seconds(5)))
        change(&settings)
        self.settings = settings
        state = ExchangeState(.init(settings, lease: .hours(1)))
    }

    /// It has its partition, nobody had it before, and Kafka has acknowledged an intent for so many records.
    static func ready(_ change: (inout ExchangeSettings) -> Void = { _ in }) throws -> ExchangeStateFixture {
        var fixture = try ExchangeStateFixture(change)
        _ = fixture.assign(committed: -1)
        return fixture
    }

    var now: NIODeadline { .at(.milliseconds(time)) }
    var wall: Timestamp { Timestamp(milliseconds: 1_000_000 + time) }

    // MARK: Requests

    /// - Parameters:
    ///   - number: its offset.
    ///   - id: what its repeats have too; nil for an id of its own.
    ///   - lasts: for how many milliseconds its recipient's time lasts.
    func exchange(
        _ number: Int64, _ method: OCPI.Method = .get, to recipient: String = "DE-CPO", account: String? = nil, id: String? = nil,
        lasts: Int64 = 30_000, key: String? = nil, hasReply: Bool = true, on partition: TopicPartition = Self.partition,
        fault: RecordError? = nil
    ) throws -> (record: IncomingRecord, exchange: PendingExchange) {
        var record = try request(method == .get ? .locations : .cdrs, method == .get ? .sender : .receiver, method)
        record.to = try #require(PartyID(recipient))
        record.requestID = id ?? "\(number)"
        record.time = wall
        record.deadline = wall.adding(milliseconds: lasts)
        if !hasReply { record.reply = nil }
        let incoming = IncomingRecord(
            topic: partition.topic, partition: partition.partition, offset: number, timestamp: wall.milliseconds - 1, key: key, value: nil,
            epoch: epoch)
        let exchange = PendingExchange(
            record, at: incoming, account: account ?? "platform/\(number)", settings: settings, wall: wall, now: now, on: Fixture.eventLoop,
            fault: fault)
        return (incoming, exchange)
    }

    /// The same record, read again after its partition has come back.
    func again(
        _ entry: (record: IncomingRecord, exchange: PendingExchange)
    ) -> (record: IncomingRecord, exchange: PendingExchange) {
        var incoming = entry.record
        incoming.epoch = epoch
        let exchange = PendingExchange(
            entry.exchange.record, at: incoming, account: entry.exchange.account, settings: settings, wall: wall, now: now,
            on: Fixture.eventLoop)
        return (incoming, exchange)
    }

    // MARK: Events

    /// Its partition is assigned, and what is committed for it then acknowledged.
    mutating func assign(_ metadata: String? = nil, committed: Int64, isAcknowledged: Bool = true) -> [String] {
        let partition = Self.partition
        state.resuming([CommitOffset(topic: partition.topic, partition: partition.partition, offset: committed, metadata: metadata)])
        let assigned = told(state.assigned([partition], epoch: epoch, wall: wall.milliseconds, now: now))
        return assigned + (isAcknowledged ? acknowledge(max(0, committed)) : [])
    }

    /// Kafka takes a commit.
    mutating func acknowledge(_ offset: Int64 = 0) -> [String] { told(state.committed([commit(offset)], now: now)) }

    /// As it is sent now.
    mutating func commit(_ offset: Int64) -> CommitOffset {
        let text = state.intent(Self.partition, commitPoint: offset, now: now)
        return CommitOffset(topic: Self.partition.topic, partition: Self.partition.partition, offset: offset, metadata: text)
    }

    mutating func receive(_ batch: [(record: IncomingRecord, exchange: PendingExchange)]) -> [String] {
        told(state.received(batch, now: now))
    }

    mutating func admit(_ exchange: PendingExchange, unroutable: ExchangeFailure? = nil) -> [String] {
        told(state.admit(exchange, IdempotencyKey(exchange.record), unroutable: unroutable, now: now))
    }

    /// Reads it and, if it may be begun, has it admitted; what follows from that.
    mutating func begin(_ entry: (record: IncomingRecord, exchange: PendingExchange)) -> [String] {
        let number = entry.exchange.offset
        guard receive([entry]).contains("begin \(number)") || acknowledge().contains("begin \(number)") else { return ["waits"] }
        return admit(entry.exchange)
    }

    mutating func answer(_ exchange: PendingExchange, _ status: Int = 200, _ text: String = "done") -> [String] {
        let response = OutboundResponse(status: status, body: ByteBuffer(string: text))
        return told(state.answered(exchange, RecipientResponse(response, []), now: now))
    }

    mutating func fail(_ exchange: PendingExchange, _ kind: OutboundFailure.Kind = .timeout) -> [String] {
        told(state.callFailed(exchange, OutboundFailure(kind, "test"), began: now, now: now))
    }

    mutating func replied(_ exchange: PendingExchange) -> [String] {
        told(state.replyAcknowledged(exchange, now: now, jitter: 0))
    }

    mutating func wake() -> [String] { told(state.wake(now: now)) }

    /// Actions in words, without alarms and measurements.
    func told(_ actions: ExchangeState.Actions) -> [String] {
        actions.compactMap { action in
            switch action {
            case .begin(let exchange): "begin \(exchange.offset)"
            case .call(let exchange): "call \(exchange.offset)"
            case .waitUntil(let due): "again in \((due - now).nanoseconds / 1_000_000)"
            case .writeReply(let exchange, let answer, let isRepeat):
                "\(isRepeat ? "repeat" : "reply") \(exchange.offset) \(answer.outcome)"
            case .refuse(let exchange, let refusal): "refuse \(exchange.offset) \(Self.word(refusal))"
            case .finish(let exchange): "finish \(exchange.offset)"
            case .abandon(let exchange): "abandon \(exchange.offset)"
            case .writeIntent: "intent"
            case .pause: "pause"
            case .resume: "resume"
            case .breaker(_, let turn): "breaker \(turn)"
            case .wake, .waited: nil
            }
        }
    }

    private static func word(_ refusal: ExchangeRefusal) -> String {
        switch refusal {
        case .implausible: "implausible"
        case .unroutable: "unroutable"
        default: "\(refusal)"
        }
    }
}
