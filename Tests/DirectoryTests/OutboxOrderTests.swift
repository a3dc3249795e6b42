import Directory
import Encoding
import OCPI
import Testing

@Suite struct OutboxOrderTests {
    let time = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func ordersTheirExecutionAndBreakersSurviveOCNState() throws {
        let billing = try #require(PartyID("de-bil"))
        let rewind = OutboxOrder.Rewind(id: "r1", to: time)
        let facts: [(Fact, String)] = [
            (.outbox(OutboxOrder(recipient: billing, isPaused: true)), "outbox/DE-BIL"),
            (.outbox(OutboxOrder(recipient: billing, isPaused: false, rewind: rewind)), "outbox/DE-BIL"),
            (.outboxDone(billing, partition: 3, rewindID: "r1"), "outboxdone/DE-BIL/3"),
            (.breaker(BreakerReport(recipient: billing, worker: "node/1", state: .open, since: time)), "breaker/DE-BIL/node/1"),
            (
                .breaker(
                    BreakerReport(
                        recipient: billing, worker: "node-2", state: .halfOpen, since: time, seen: time.adding(milliseconds: 60_000))),
                "breaker/DE-BIL/node-2"
            ),
        ]
        for (fact, key) in facts {
            #expect(fact.key == key)
            #expect(Fact(key: key, json: try JSONValue.parse(fact.json.text)) == fact)
        }
    }

    @Test(arguments: [
        ("outbox/DE-BIL", #"{"recipient":"DE-BIL"}"#), ("outbox/DE-BIL", #"{"recipient":"DEBIL","paused":true}"#),
        ("outbox/DE-BIL", #"{"recipient":"DE-BIL","paused":true,"rewind":{"id":"x"}}"#),
        ("outboxdone/DE-BIL/0", #"{"recipient":"DE-BIL","partition":4294967296,"rewind":"x"}"#),
        ("outboxdone/DE-BIL/0", #"{"recipient":"DE-BIL","partition":0}"#),
        ("breaker/DE-BIL/w", #"{"recipient":"DE-BIL","worker":"w","state":"ajar","since":"2026-01-01T00:00:00Z"}"#),
    ])
    func halfAnOrderIsNone(key: String, json: String) throws {
        #expect(Fact(key: key, json: try JSONValue.parse(json)) == nil)
    }

    @Test func theDirectoryTellsWhatIsOrderedAndWhatWasDone() throws {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret for tests".utf8)))
        let billing = try #require(PartyID("DE-BIL"))
        let other = try #require(PartyID("DE-TAX"))
        #expect(directory.outboxOrder(of: billing) == nil && directory.rewindDone(of: billing, partition: 0) == nil)
        let order = OutboxOrder(recipient: billing, isPaused: true, rewind: OutboxOrder.Rewind(id: "r1", to: time))
        for fact: Fact in [
            .outbox(order), .outboxDone(billing, partition: 0, rewindID: "r0"), .outboxDone(billing, partition: 0, rewindID: "r1"),
            .outboxDone(billing, partition: 1, rewindID: "r0"),
            .breaker(BreakerReport(recipient: billing, worker: "b", state: .open, since: time)),
            .breaker(BreakerReport(recipient: billing, worker: "a", state: .open, since: time)),
            .breaker(BreakerReport(recipient: billing, worker: "a", state: .halfOpen, since: time)),
        ] {
            directory.apply(key: fact.key, fact)
        }
        #expect(directory.outboxOrder(of: try #require(PartyID("de-bil"))) == order && directory.outboxOrders == [order])
        #expect(directory.rewindDone(of: billing, partition: 0) == "r1" && directory.rewindDone(of: billing, partition: 1) == "r0")
        #expect(directory.breakers(of: billing).map(\.worker) == ["a", "b"])
        #expect(directory.breakers(of: billing).map(\.state) == [.halfOpen, .open])
        #expect(directory.breakers(of: other).isEmpty && directory.outboxOrder(of: other) == nil)

        directory.apply(key: FactKey.outbox(billing), nil)
        directory.apply(key: FactKey.outboxDone(billing, partition: 0), nil)
        directory.apply(key: FactKey.breaker(billing, worker: "a"), nil)
        #expect(directory.outboxOrder(of: billing) == nil && directory.rewindDone(of: billing, partition: 0) == nil)
        #expect(directory.breakers(of: billing).map(\.worker) == ["b"])
    }

    @Test func aReportThatIsNotRenewedIsOutdatedAfterThreeMinutes() throws {
        let old = try #require(
            Fact(
                key: "breaker/DE-BIL/w",
                json: try JSONValue.parse(
                    #"{"recipient":"DE-BIL","worker":"w","state":"open","since":"2026-01-01T00:00:00Z"}"#)))
        guard var report = old.value(as: BreakerReport.self) else { return #expect(Bool(false), "another fact") }
        #expect(report.seen == report.since, "a record from before there were renewals")
        #expect(!report.isOutdated(now: report.since.adding(milliseconds: 180_000)))
        #expect(report.isOutdated(now: report.since.adding(milliseconds: 180_001)))
        report.seen = report.since.adding(milliseconds: 60_000)
        #expect(!report.isOutdated(now: report.since.adding(milliseconds: 240_000)))
    }

    @Test func aRewindGoesBackOrStaysButPassesNothingOver() {
        #expect(OutboxOrder.Rewind.offset(from: 10, found: 4) == 4)
        #expect(OutboxOrder.Rewind.offset(from: 10, found: 10) == nil)
        #expect(OutboxOrder.Rewind.offset(from: 10, found: 20) == nil, "ten records wait: they are not skipped")
        #expect(OutboxOrder.Rewind.offset(from: 10, found: nil) == nil, "nothing at or after that time")
    }
}
