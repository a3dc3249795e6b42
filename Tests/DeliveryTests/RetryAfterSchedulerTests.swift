import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing

@testable import Delivery
@testable import Outbound

/// The effect of a recipient's Retry-After.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RetryAfterSchedulerTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private static let cap = TimeAmount.hours(1)

    /// Half a second before a full one, so that dates do not match by chance.
    private static let now = Timestamp(milliseconds: 784_111_739_500)

    /// Values of Retry-After, and the resulting delays; nil if the value has no effect.
    private static let wishes: [(text: String, wish: TimeAmount?)] = [
        ("120", .seconds(120)), (" 30 ", .seconds(30)), ("0", .zero), ("3600", cap), ("3601", cap),
        ("1" + String(repeating: "0", count: 30), cap),
        ("Sun, 06 Nov 1994 08:49:37 GMT", .milliseconds(37_500)), ("Sun Nov  6 08:49:37 1994", .milliseconds(37_500)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", cap), ("Thu, 01 Jan 1970 00:00:00 GMT", .zero), ("-5", nil),
        ("-" + String(repeating: "9", count: 30), nil),
        ("soon", nil), ("1.5", nil), ("", nil), ("1e30", nil), ("0x10", nil), ("Sun, 99 Nov 1994 08:49:37 GMT", nil), ("\u{FFFD}", nil),
    ]

    @Test("Scenario 25: the next attempt comes when the recipient wished, at most an hour later, and nothing else waits for it")
    func onlyTheKeyQueueThatWasAskedToWaitWaits() throws {
        for (text, wish) in Self.wishes {
            for status in [429, 503] {
                for jitter in [-1.0, 0, 1] { try check(status, text, wish, jitter) }
            }
            // Other statuses have no effect.
            try check(500, text, nil, 0)
        }
    }

    private func check(_ status: Int, _ text: String, _ wish: TimeAmount?, _ jitter: Double) throws {
        let backoff = Backoff(base: .milliseconds(500), cap: .seconds(60))
        var scheduler = DeliveryScheduler<Int>(
            .init(
                perRecipient: 4, bytesPerPartition: .max, announcementQuota: .init(records: 0, bytes: 0, totalBytes: 0), backoff: backoff,
                breaker: .init(minimumCalls: .max)))
        let (own, other) = (
            TopicPartition(topic: "ocn.outbox.DE-BIL", partition: 0), TopicPartition(topic: "ocn.outbox.NL-TAX", partition: 0)
        )
        scheduler.assign([own, other], epoch: 1)
        func add(
            _ offset: Int64, _ key: String, to recipient: String = "DE-BIL", in partition: TopicPartition
        ) throws -> [DeliveryAttempt<Int>] {
            let party = try #require(PartyID(recipient))
            return runs(
                scheduler.add(
                    PendingRecord(partition: partition, offset: offset, epoch: 1, recipient: .party(party), key: key, bytes: 1, payload: 0),
                    now: Self.start))
        }
        let answer = OutboundResponse(status: status, headers: ["Retry-After": text])
        let after = RetryAfter.delay(answer, now: Self.now, cap: Self.cap)
        #expect(after == wish, "\(status) \(text)")
        let head = try #require(try add(1, "a", in: own).first)
        let actions = scheduler.complete(head, .failed(LastAttempt(httpStatus: status), after: after), now: Self.start, jitter: jitter)
        let due = Self.start + max(wish ?? .zero, backoff.delay(failures: 1, jitter: jitter))
        #expect(alarms(actions) == [due], "\(status) \(text)")

        // Other objects of the recipient continue, their own failures wait as usual, and other recipients are not affected.
        let otherObject = try #require(try add(2, "b", in: own).first)
        _ = scheduler.complete(otherObject, .failed(LastAttempt(httpStatus: 500), after: nil), now: Self.start, jitter: jitter)
        #expect(try add(3, "a", in: own).isEmpty)
        #expect(try add(4, "c", in: own).count == 1)
        #expect(try add(1, "a", to: "NL-TAX", in: other).count == 1)
        let soon = runs(scheduler.wake(now: Self.start + backoff.delay(failures: 1, jitter: jitter)))
        #expect(soon.contains { $0.pending.offset == 2 }, "\(status) \(text)")
        if !soon.contains(where: { $0.pending.offset == 1 }) {
            #expect(runs(scheduler.wake(now: due - .nanoseconds(1))).isEmpty)
            #expect(runs(scheduler.wake(now: due)).map(\.pending.offset) == [1])
        }
    }

    private func runs(_ actions: [DeliveryScheduler<Int>.Action]) -> [DeliveryAttempt<Int>] {
        actions.compactMap { if case .run(let attempt) = $0 { attempt } else { nil } }
    }

    private func alarms(_ actions: [DeliveryScheduler<Int>.Action]) -> [NIODeadline] {
        actions.compactMap { if case .alarm(let due) = $0 { due } else { nil } }
    }

    @Test("Scenario 25: PUSH sends a copy again no sooner than the service wished, and does not let itself be put off for ever")
    func theWishIsHeededOverHTTP() async throws {
        let cap = Duration.seconds(2)
        let texts = ["seconds": "1", "absurd": "1" + String(repeating: "0", count: 30), "date": "", "negative": "-5", "nonsense": "soon"]
        let calls = Mutex<[String: [(time: ContinuousClock.Instant, date: Timestamp)]]>([:])
        let environment = try await DeliveryEnvironment(service: { seen in
            let id = seen.headers.first(name: "OCN-Copy-ID") ?? ""
            let now = Timestamp.now
            let count = calls.withLock { calls in
                calls[id, default: []].append((.now, now))
                return calls[id]?.count ?? 0
            }
            guard count == 1, let text = texts[id] else { return .success }
            return .answer(id == "date" ? 429 : 503, [("Retry-After", id == "date" ? Self.date(now.adding(milliseconds: 2000)) : text)], "")
        })
        try await environment.run(push: try environment.push { $0.retryAfterCap = cap }) {
            for id in texts.keys { try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: id, key: id) }
            try await eventually("all are sent twice") { environment.service.recorded.count == 2 * texts.count }
        }
        func call(_ id: String, _ number: Int) throws -> (time: ContinuousClock.Instant, date: Timestamp) {
            try #require(calls.withLock { $0[id]?.dropFirst(number).first })
        }
        #expect(try call("seconds", 1).time - call("seconds", 0).time >= .seconds(1))
        #expect(try call("absurd", 1).time - call("absurd", 0).time >= cap)
        // HTTP dates have no fractions of seconds.
        #expect(try call("date", 1).date.milliseconds >= (call("date", 0).date.milliseconds + 2000) / 1000 * 1000)
    }

    /// A date in HTTP's format; the day of the week is ignored.
    private static func date(_ time: Timestamp) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = time.description.split { "-T.".contains($0) }.map(String.init)
        let month = Int(parts[1]).map { months[$0 - 1] } ?? ""
        return "Sun, \(parts[2]) \(month) \(parts[0]) \(parts[3]) GMT"
    }
}
