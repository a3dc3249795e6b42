import Encoding
import Kafka
import NIOCore
import OCPI
import Testing
import Topics

@testable import Ingress

@Suite struct PendingRepliesTests {
    let pending = PendingReplies(epoch: 7, maxCount: 2, maxBytes: 100, placesPerSender: 2, metrics: IngressMetrics())

    private func reply(_ id: String, epoch: UInt64 = 7, status: Int = 200) -> ReplyRecord {
        ReplyRecord(
            requestID: id, requestType: "test", address: ReplyAddress(partition: 0, epoch: epoch), from: party("DE-CPO"), time: .now,
            outcome: .answered,
            httpStatus: status)
    }

    private func status(_ answer: PendingReplies.Answer) -> Int? {
        if case .reply(let reply) = answer { reply.httpStatus } else { nil }
    }

    @Test func callerGetsTheFirstReplyAndOnlyThat() async {
        let answer = await pending.wait(for: "a", until: .now() + .seconds(5)) {
            pending.deliver(reply("a", status: 201))
            pending.deliver(reply("a", status: 500))
        }
        #expect(status(answer) == 201)
        pending.deliver(reply("a", status: 500))
    }

    @Test func replyOfAnotherLifeIsDropped() async {
        let answer = await pending.wait(for: "a", until: .now() + .seconds(5)) {
            pending.deliver(reply("a", epoch: 8, status: 500))
            pending.deliver(reply("b", status: 500))
            pending.deliver(reply("a", status: 200))
        }
        #expect(status(answer) == 200)
    }

    @Test func deadlineAnswersAndLaterRepliesAreDropped() async {
        let start = NIODeadline.now()
        let answer = await pending.wait(for: "a", until: start + .seconds(5)) {
            pending.sweep(now: start + .milliseconds(4999))
            pending.sweep(now: start + .seconds(5))
            pending.deliver(reply("a"))
        }
        guard case .deadline = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func earliestDeadlineComesFirst() async {
        let start = NIODeadline.now()
        await withTaskGroup(of: (String, Bool).self) { group in
            let parked = Shared(0)
            for (id, seconds) in [("late", Int64(9)), ("early", 3)] {
                group.addTask {
                    let answer = await pending.wait(for: id, until: start + .seconds(seconds)) { parked.withLock { $0 += 1 } }
                    if case .deadline = answer { return (id, true) }
                    return (id, false)
                }
            }
            while parked.withLock({ $0 }) < 2 { await Task.yield() }
            pending.sweep(now: start + .seconds(4))
            #expect(await group.next().map { $0 == ("early", true) } == true)
            pending.deliver(reply("late"))
            #expect(await group.next().map { $0 == ("late", false) } == true)
        }
    }

    @Test func failureToProduceAnswersUnlessAReplyWasFaster() async {
        let error = KafkaError(operation: "produce", code: -184)
        let answer = await pending.wait(for: "a", until: .now() + .seconds(5)) { pending.fail("a", error) }
        guard case .notProduced(let got) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(got.isQueueFull)
        let faster = await pending.wait(for: "b", until: .now() + .seconds(5)) {
            pending.deliver(reply("b"))
            pending.fail("b", error)
        }
        #expect(status(faster) == 200)
    }

    @Test("Scenario 38: open requests are bounded in number")
    func placesAreBoundedInNumber() {
        #expect(pending.reserve(for: "a"))
        #expect(pending.reserve(for: "a"))
        #expect(!pending.reserve(for: "a"))
        pending.release(bytes: 0, of: "a")
        #expect(pending.reserve(for: "a"))
    }

    @Test("Scenario 38: open requests are bounded in bytes")
    func placesAreBoundedInBytes() {
        let pending = places(for: ["a", "b", "c", "d", "e", "f"])
        for sender in ["a", "b", "c"] { #expect(pending.charge(25, to: sender)) }
        #expect(pending.charge(20, to: "d") && !pending.charge(6, to: "e") && pending.charge(5, to: "e"))
        pending.release(bytes: 20, of: "d")
        #expect(pending.bytes == 80 && pending.count == 5)
        #expect(pending.charge(20, to: "f") && !pending.charge(1, to: "f"))
    }

    @Test("Scenario 38: one sender gets a quarter of the places and of the bytes")
    func oneSenderGetsAQuarter() {
        let pending = places(for: ["a", "b", "a"])
        #expect(!pending.charge(26, to: "a"))
        #expect(pending.charge(20, to: "a") && !pending.charge(6, to: "a") && pending.charge(5, to: "a"))
        #expect(pending.charge(25, to: "b"), "others are not concerned")
        pending.release(bytes: 10, of: "a")
        #expect(pending.charge(10, to: "a") && !pending.charge(1, to: "a"))

        let few = PendingReplies(epoch: 7, maxCount: 8, maxBytes: 100, metrics: IngressMetrics())
        #expect(few.reserve(for: "a") && few.reserve(for: "a") && !few.reserve(for: "a") && few.reserve(for: "b"))
        few.release(bytes: 0, of: "a")
        #expect(few.reserve(for: "a"))
    }

    private func places(for senders: [String]) -> PendingReplies {
        let pending = PendingReplies(epoch: 7, maxCount: 40, maxBytes: 100, metrics: IngressMetrics())
        for sender in senders { #expect(pending.reserve(for: sender)) }
        return pending
    }

    @Test func stoppingAnswersEverybodyAndTakesNoMore() async {
        let answer = await pending.wait(for: "a", until: .now() + .seconds(5)) { pending.stop() }
        guard case .stopped(wasSent: true) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(!pending.reserve(for: "a"))
        let sent = Shared(false)
        let next = await pending.wait(for: "b", until: .now() + .seconds(5)) { sent.withLock { $0 = true } }
        guard case .stopped(wasSent: false) = next else {
            Issue.record("\(next)")
            return
        }
        #expect(!sent.withLock { $0 })
    }

    @Test func answeredRequestsDoNotPileUp() async {
        // More than the threshold at which deadlines of answered requests are removed from the heap.
        for number in 0..<5000 {
            _ = await pending.wait(for: "\(number)", until: .now() + .seconds(30)) { pending.deliver(reply("\(number)")) }
            if number % 100 == 0 { pending.sweep(now: .now()) }
        }
        pending.sweep(now: .now())
        #expect(pending.deadlines <= 1024)
    }
}
