import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Ingress

/// Replies that are late, repeated, or for another process.
@Suite(.timeLimit(.minutes(5))) struct ReplyFaultTests {
    @Test("Scenario 35: a reply that comes twice reaches its caller once")
    func twice() async throws {
        try await ReplyScript.open { replies in
            try await replies.withIngress { base, metrics in
                for name in ["one", "two"] {
                    async let answer = replies.get(base, name)
                    let request = try await replies.request(name)
                    try await replies.reply(to: request, "\(name), first")
                    try await replies.reply(to: request, "\(name), second")
                    let got = try await answer
                    #expect(got.status == 200 && got.text == "\(name), first")
                }
                try await eventually("both are counted") {
                    ReplyScript.dropped(metrics) == ["late": 2, "foreign": 0, "unreadable": 0]
                }
            }
        }
    }

    @Test("Scenario 35: a reply of another life, in another partition, or to another request reaches nobody")
    func foreign() async throws {
        try await ReplyScript.open { replies in
            try await replies.withIngress { base, metrics in
                async let answer = replies.get(base, "one")
                let request = try await replies.request("one")
                #expect(request.reply?.partition == ReplyScript.partition)
                try await replies.reply(to: request, "for another life") { reply in
                    reply.address = ReplyAddress(partition: reply.address.partition, epoch: reply.address.epoch &+ 1)
                }
                try await replies.reply(to: request, "to another request") { $0.requestID = UUIDText.v7() }
                try await replies.reply(to: request, "to another request of another life") { reply in
                    reply.requestID = UUIDText.v7()
                    reply.address = ReplyAddress(partition: reply.address.partition, epoch: 0)
                }
                try await replies.reply(to: request, "in another partition", partition: ReplyScript.partition + 1)
                let junk = OutgoingRecord(
                    topic: replies.kafka.topics.replies, partition: ReplyScript.partition, value: ByteBuffer(string: "no reply at all"))
                _ = try await replies.producer.send(junk)
                try await eventually("all of them are counted") {
                    ReplyScript.dropped(metrics) == ["late": 1, "foreign": 2, "unreadable": 1]
                }
                try await replies.reply(to: request, "the right one")
                let got = try await answer
                #expect(got.status == 200 && got.text == "the right one")
            }
        }
    }

    @Test("Scenario 35: a reply after the deadline reaches nobody, and whoever asks next gets an answer of its own")
    func late() async throws {
        try await ReplyScript.open { replies in
            try await replies.withIngress { base, metrics in
                let unanswered = try await replies.get(base, "late", of: .tariffs)
                #expect(unanswered.status == 200 && unanswered.code == 4002)
                try await replies.reply(to: try await replies.request("late"), "too late")
                try await eventually("it is counted") { ReplyScript.dropped(metrics) == ["late": 1, "foreign": 0, "unreadable": 0] }
                async let answer = replies.get(base, "next")
                try await replies.reply(to: try await replies.request("next"), "in time")
                #expect(try await answer.text == "in time")
            }
        }
    }

    /// The kinds of records in `ocn.replies` for a request.
    private enum Kind: CaseIterable {
        case right, otherLife, otherRequest
    }

    @Test("Scenario 35: whatever else is written into ocn.replies, each caller gets its own answer")
    func noise() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        // At least one valid reply, and up to four of any kind, in any order.
        let orders = (0..<60).map { _ in
            ([.right] + (0..<Int.random(in: 0...4, using: &random)).map { _ in random.pick(Kind.allCases) }).shuffled(using: &random)
        }
        try await ReplyScript.open { replies in
            try await replies.withIngress { base, metrics in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for number in orders.indices {
                        tasks.addTask {
                            let answer = try await replies.get(base, "caller-\(number)")
                            #expect(answer.status == 200 && answer.text == "for \(number)", "seed \(seed)")
                        }
                    }
                    for (number, order) in orders.enumerated() {
                        tasks.addTask {
                            let request = try await replies.request("caller-\(number)")
                            for kind in order { try await write(kind, to: request, number, replies) }
                        }
                    }
                    try await tasks.waitForAll()
                }
                let written = orders.flatMap { $0 }
                let foreign = written.count { $0 == .otherLife }
                let expected = ["late": written.count - orders.count - foreign, "foreign": foreign, "unreadable": 0]
                try await eventually("all of it is counted; seed \(seed)") { ReplyScript.dropped(metrics) == expected }
            }
        }
    }

    private func write(_ kind: Kind, to request: RequestRecord, _ number: Int, _ replies: ReplyScript) async throws {
        switch kind {
        case .right: try await replies.reply(to: request, "for \(number)")
        case .otherLife:
            try await replies.reply(to: request, "for another life") { reply in
                reply.address = ReplyAddress(partition: reply.address.partition, epoch: reply.address.epoch &+ 1)
            }
        case .otherRequest: try await replies.reply(to: request, "to another request") { $0.requestID = UUIDText.v7() }
        }
    }

    @Test("Scenario 34: a new process on the partition of one that is gone starts at its end and ignores answers to the other's callers")
    func newLife() async throws {
        try await ReplyScript.open { replies in
            try await replies.withIngress { base, _ in
                async let answer = replies.get(base, "before")
                try await replies.reply(to: try await replies.request("before"), "in time")
                #expect(try await answer.text == "in time")
                #expect(try await replies.get(base, "open", of: .tariffs).code == 4002)
            }
            try await replies.withIngress { base, metrics in
                // Only this one is read: records from before the start are not.
                try await replies.reply(to: try await replies.request("open"), "to the life before")
                async let answer = replies.get(base, "after")
                try await replies.reply(to: try await replies.request("after"), "its own")
                #expect(try await answer.text == "its own")
                #expect(ReplyScript.dropped(metrics) == ["late": 0, "foreign": 1, "unreadable": 0])
            }
        }
    }

    // MARK: Late requests

    @Test("Scenario 36: a request whose time is over before it could be written is not written")
    func overdue() async throws {
        let written = Shared<[String]>([])
        let pending = PendingReplies(epoch: 7, maxCount: 10, maxBytes: 1000, metrics: IngressMetrics())
        let producer = RequestProducer(
            pending: pending, topics: TestIngress.topics, replyPartition: 0,
            send: { record, report in
                let request = TestIngress.request(record)
                written.withLock { $0.append(request?.path ?? "") }
                report(.success(RecordPosition(topic: record.topic, partition: 0, offset: 0)))
                if let request { pending.deliver(TestIngress.ok(request)) }
            }, failures: ThrottledLog(TestIngress.silent))
        let late = request("late", Timestamp.now.adding(milliseconds: -20_001))
        do throws(OCPIError) {
            _ = try await producer.exchange(late, timeout: .seconds(20))
            Issue.record("it was answered")
        } catch {
            #expect(error.code == .hubError && error.message == "The hub was too slow: nothing was sent to DE-CPO")
        }
        let reply = try await producer.exchange(request("in time", .now), timeout: .seconds(20))
        #expect(reply.httpStatus == 200)
        #expect(written.withLock { $0 } == ["in time"])
    }

    private func request(_ path: String, _ time: Timestamp) -> RequestRecord {
        RequestRecord(
            id: UUIDText.v7(), time: time, module: .locations, interface: .sender, method: .get, version: .v2_2_1, from: party("DE-MSP"),
            to: party("DE-CPO"), path: path, requestID: "r1", correlationID: "c1", stateVersion: 0)
    }
}
