import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Testing
import Topics

@testable import Delivery
@testable import Outbound

extension IdempotencyCache {
    /// Every party has its own platform.
    fileprivate mutating func end(_ key: IdempotencyKey, _ answer: RecipientResponse?, now: NIODeadline) -> [Waiter] {
        end(key, answer, of: "\(key.sender)".uppercased(), now: now)
    }
}

@Suite struct IdempotencyCacheTests {
    private let partition = TopicPartition(topic: "ocn.requests", partition: 0)
    private let other = TopicPartition(topic: "ocn.requests", partition: 1)

    private func idempotency(answers: Int = 10, bytes: Int = 1_000_000, perAccount: Int = 1) -> IdempotencyCache<Int> {
        IdempotencyCache(.init(requests: answers, bytes: bytes, window: .minutes(10), perAccount: perAccount))
    }

    private func key(_ id: String, from sender: String = "DE-MSP") throws -> IdempotencyKey {
        var record = try request(.commands, .receiver, .post)
        record.requestID = id
        record.from = try #require(PartyID(sender))
        return try #require(IdempotencyKey(record))
    }

    private func answer(_ text: String) -> RecipientResponse {
        RecipientResponse(OutboundResponse(status: 200, body: ByteBuffer(string: text)), [])
    }

    private func answer(ofLength length: Int) -> RecipientResponse { answer(String(repeating: "x", count: length)) }

    /// Capacity for this number of answers and a few more bytes: a full cache frees slightly more than it needs.
    private func room(for count: Int, _ answer: RecipientResponse) -> Int { count * answer.bytes + count * answer.bytes / 32 }

    private func text(_ answer: RecipientResponse?) throws -> String? {
        let record = try request(.commands, .receiver, .post)
        return answer?.reply(to: record, at: try #require(record.reply), time: .now).body.map { String(buffer: $0) }
    }

    /// As text, because an answer is not comparable.
    private func turn(_ turn: IdempotencyCache<Int>.Turn) throws -> String? {
        switch turn {
        case .first: "first"
        case .waits: "waits"
        case .answered(let answer): try text(answer)
        }
    }

    private func at(_ minutes: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .minutes(minutes) }

    @Test func theFirstGoesThroughTheSecondWaitsAndTheThirdIsAnswered() throws {
        var idempotency = idempotency()
        let key = try key("1")
        #expect(try turn(idempotency.begin(key, 1, now: at(0))) == "first")
        #expect(idempotency.answer(key, now: at(0)) == nil)
        #expect(try turn(idempotency.begin(key, 2, now: at(0))) == "waits")
        #expect(try turn(idempotency.begin(key, 3, now: at(0))) == "waits")
        #expect(try turn(idempotency.begin(try self.key("2"), 4, now: at(0))) == "first")
        #expect(idempotency.end(key, answer("done"), now: at(1)) == [2, 3])
        #expect(try text(idempotency.answer(key, now: at(2))) == "done")
        #expect(try turn(idempotency.begin(key, 5, now: at(10))) == "done")
        #expect(idempotency.end(key, answer("again"), now: at(10)).isEmpty, "it is over already")
    }

    @Test func aRepeatMayWriteItsPlaceInAnotherWay() throws {
        func key(_ module: ModuleID, _ path: String, _ query: String? = nil, target: String? = nil) throws -> IdempotencyKey {
            var record = try request(module, .sender, .post, path: path, query: query)
            record.target = target
            return try #require(IdempotencyKey(record))
        }
        #expect(try key(.tokens, "T%2A1/again", "type=APP_USER") == key(.tokens, "t*1/again", "type=APP%5fUSER"))
        #expect(try key(.tokens, "T%2F1/again") != key(.tokens, "T/1/again"))
        #expect(try key(.tokens, "T1/again") != key(.tokens, "T2/again"))
        // Parts without a known meaning, and ids chosen by a party, may differ in one byte.
        let parking = ModuleID(rawValue: "parking")
        #expect(try key(parking, "A%2A1") != key(parking, "A*1") && key(parking, "a") != key(parking, "A"))
        #expect(
            try key(.commands, "STOP_SESSION/x", target: "https://a/cb/x") != key(.commands, "STOP_SESSION/x", target: "https://a/cb/X"))
    }

    @Test func anAnswerIsForgottenAfterItsWindow() throws {
        var idempotency = idempotency()
        let key = try key("1")
        _ = idempotency.begin(key, 1, now: at(0))
        _ = idempotency.end(key, answer("done"), now: at(1))
        #expect(idempotency.answer(key, now: at(11) - .nanoseconds(1)) != nil)
        #expect(idempotency.answer(key, now: at(11)) == nil)
        #expect(idempotency.answers.count == 0 && idempotency.answers.bytes == 0)
        #expect(try turn(idempotency.begin(key, 2, now: at(11))) == "first")
    }

    @Test func whatWasNotSentMayBeTriedAgain() throws {
        var idempotency = idempotency()
        let key = try key("1")
        _ = idempotency.begin(key, 1, now: at(0))
        _ = idempotency.begin(key, 2, now: at(0))
        #expect(idempotency.end(key, nil, now: at(0)) == [2])
        #expect(try turn(idempotency.begin(key, 3, now: at(0))) == "first")
    }

    @Test func theOldestAnswersMakeRoom() throws {
        var idempotency = idempotency(answers: 2)
        for id in ["1", "2", "3"] {
            _ = idempotency.begin(try key(id), 0, now: at(0))
            _ = idempotency.end(try key(id), answer(id), now: at(0))
        }
        #expect(idempotency.answers.count == 2)
        #expect(try ["1", "2", "3"].map { try text(idempotency.answer(try key($0), now: at(0))) } == [nil, "2", "3"])
    }

    @Test func bytesAreBounded() throws {
        let large = answer(ofLength: 400)
        var idempotency = idempotency(bytes: room(for: 2, large))
        for id in ["1", "2", "3"] {
            _ = idempotency.begin(try key(id), 0, now: at(0))
            _ = idempotency.end(try key(id), large, now: at(0))
        }
        #expect(idempotency.answers.count == 2 && idempotency.answers.bytes == 2 * large.bytes)
        #expect(idempotency.answer(try key("1"), now: at(0)) == nil)
    }

    @Test func anAccountHasAllTheRoomThatOthersLeave() throws {
        var idempotency = idempotency(answers: 8, perAccount: 4)
        let keys = try (1...8).map { try key("\($0)") }
        for key in keys {
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, answer("kept"), now: at(0))
        }
        for key in keys { #expect(try text(idempotency.answer(key, now: at(0))) == "kept") }
    }

    @Test func anAnswerThatIsTooLargeDrivesNobodyOutAndItsRequestIsNotSentTwice() throws {
        let usual = answer(ofLength: 2000)
        var idempotency = idempotency(answers: 100, bytes: room(for: 9, usual), perAccount: 1)
        let others = try ["DE-AAA", "DE-BBB", "DE-CCC", "DE-DDD"].flatMap { sender in try ["1", "2"].map { try key($0, from: sender) } }
        for key in others {
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, usual, now: at(0))
        }
        // By the same account as two of the answers, and within the total limit.
        let late = try key("3", from: "DE-AAA")
        _ = idempotency.begin(late, 0, now: at(0))
        #expect(idempotency.end(late, answer(ofLength: 3 * usual.bytes), now: at(0)).isEmpty)
        for other in others { #expect(idempotency.answer(other, now: at(0)) != nil) }
        guard case .answered(let instead) = idempotency.begin(late, 0, now: at(0)) else {
            Issue.record("it is sent again")
            return
        }
        #expect(instead.outcome == .unreachable && instead.mayBeDone, "it was done, and its answer is not known any more")
        #expect(idempotency.answers.count == 9 && idempotency.answers.bytes == 8 * usual.bytes + 512)
    }

    @Test func anAnswerThatIsTooLargeAmongThoseOfItsAccountDrivesNoOtherPartyOut() throws {
        let usual = answer(ofLength: 2000)
        var idempotency = idempotency(answers: 100, bytes: room(for: 8, usual), perAccount: 1)
        let others = try (1...7).map { try key("1", from: "DE-OT\($0)") }
        for key in others {
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, usual, of: "node/one", now: at(0))
        }
        let late = try key("1", from: "DE-MSP")
        _ = idempotency.begin(late, 0, now: at(0))
        _ = idempotency.end(late, answer(ofLength: 5 * usual.bytes / 2), of: "node/one", now: at(0))
        for other in others { #expect(idempotency.answer(other, now: at(0)) != nil) }
        let instead = idempotency.answer(late, now: at(0))
        #expect(instead?.outcome == .unreachable, "it is known that there was one")
    }

    /// The service recognises repeats by the copy's id. Any other answer than the service's would make the sender's node repeat it forever.
    @Test func aCopyWhoseAnswerIsTooLargeMayGoOutAgain() throws {
        var idempotency = idempotency(bytes: 4000)
        let body = ByteBuffer(string: #"{"status_code":1000,"data":"\#(String(repeating: "x", count: 8000))"}"#)
        let answer = RecipientResponse(OutboundResponse(status: 200, body: body), [], isToCopy: true)
        #expect(answer.endsCopy)
        let key = try key("1")
        _ = idempotency.begin(key, 0, now: at(0))
        _ = idempotency.end(key, answer, now: at(0))
        #expect(try turn(idempotency.begin(key, 0, now: at(0))) == "first")
    }

    @Test func aSenderThatAsksForMuchDrivesOutOnlyItsOwnAnswers() throws {
        var idempotency = idempotency(answers: 8, perAccount: 4)
        let quiet = try key("quiet", from: "FR-CPO")
        _ = idempotency.begin(quiet, 0, now: at(0))
        _ = idempotency.end(quiet, answer("kept"), now: at(0))
        for number in 0..<5000 {
            // Upper and lower case denote the same sender.
            let key = try key("\(number)", from: number.isMultiple(of: 2) ? "DE-MSP" : "de-msp")
            _ = idempotency.begin(key, 0, now: at(1))
            _ = idempotency.end(key, answer("\(number)"), now: at(1))
        }
        #expect(try text(idempotency.answer(quiet, now: at(1))) == "kept")
        #expect(try ["4992", "4993", "4999"].map { try text(idempotency.answer(try key($0), now: at(1))) } == [nil, "4993", "4999"])
        #expect(idempotency.answers.count == 8 && idempotency.answers.bytes == 8 * (512 + 4))
        #expect(idempotency.answers.ordered < 2000, "nor is it remembered for long what was there")
        // Expiry removes each of them once, whichever was evicted before.
        #expect(idempotency.answer(quiet, now: at(10)) == nil)
        #expect(idempotency.answers.count == 7)
        #expect(try idempotency.answer(key("4999"), now: at(11)) == nil)
        #expect(idempotency.answers.count == 0 && idempotency.answers.bytes == 0 && idempotency.answers.ordered == 0)
    }

    @Test func ofBytesToo() throws {
        let large = answer(ofLength: 400)
        var idempotency = idempotency(answers: 100, bytes: room(for: 4, large), perAccount: 4)
        for id in ["1", "2", "3"] {
            for sender in ["DE-MSP", "FR-CPO"] {
                let key = try key(id, from: sender)
                _ = idempotency.begin(key, 0, now: at(0))
                _ = idempotency.end(key, large, now: at(0))
            }
        }
        #expect(idempotency.answers.count == 4 && idempotency.answers.bytes == 4 * large.bytes)
        for sender in ["DE-MSP", "FR-CPO"] {
            #expect(try ["1", "2", "3"].map { try idempotency.answer(key($0, from: sender), now: at(0)) != nil } == [false, true, true])
        }
    }

    @Test func aPartyDrivesOutNoOtherOfItsNode() throws {
        let large = answer(ofLength: 4000)
        var idempotency = idempotency(answers: 100, bytes: room(for: 8, large), perAccount: 4)
        let quiet = try (0..<10).map { try key("quiet", from: "FR-CP\($0)") }
        for key in quiet {
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, answer("kept"), of: "node/one", now: at(0))
        }
        // The other party determines the length of the answers.
        for number in 0..<20 {
            let key = try key("\(number)")
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, large, of: "node/one", now: at(0))
        }
        for key in quiet { #expect(try text(idempotency.answer(key, now: at(0))) == "kept") }
        #expect(try ["0", "19"].map { try idempotency.answer(key($0), now: at(0)) != nil } == [false, true])
    }

    @Test func allSendersTogetherAreBounded() throws {
        var idempotency = idempotency(answers: 4, perAccount: 2)
        let keys = try ["DE-AAA", "DE-BBB", "DE-CCC"].flatMap { sender in try ["1", "2"].map { try key($0, from: sender) } }
        for key in keys {
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, answer("done"), now: at(0))
        }
        #expect(idempotency.answers.count == 4)
        let known = keys.map { idempotency.answer($0, now: at(0)) != nil }
        #expect(known == [false, true, false, true, true, true], "each of the two that had most made room once")
    }

    @Test func aPlatformOfManyPartiesDrivesOutOnlyItsOwnAnswers() throws {
        var idempotency = idempotency(answers: 8, perAccount: 4)
        let quiet = try key("quiet", from: "FR-CPO")
        _ = idempotency.begin(quiet, 0, now: at(0))
        _ = idempotency.end(quiet, answer("kept"), of: "platform/quiet", now: at(0))
        for number in 100..<164 {
            let key = try key("1", from: "DE-\(number)")
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, answer("done"), of: "platform/loud", now: at(0))
        }
        #expect(try text(idempotency.answer(quiet, now: at(0))) == "kept")
        #expect(idempotency.answers.count == 8)
    }

    @Test func whereAllTogetherHaveTooMuchWhoHasMostMakesRoom() throws {
        let large = answer(ofLength: 4000)
        var idempotency = idempotency(answers: 100, bytes: 5 * large.bytes, perAccount: 2)
        let quiet = try key("quiet", from: "FR-CPO")
        _ = idempotency.begin(quiet, 0, now: at(0))
        _ = idempotency.end(quiet, answer("kept"), of: "platform/quiet", now: at(0))
        let loud = try (1...6).map { try key("\($0)") }
        for (key, account) in zip(loud, ["platform/one", "platform/one", "platform/one", "node/two", "node/two", "node/two"]) {
            _ = idempotency.begin(key, 0, now: at(0))
            _ = idempotency.end(key, large, of: account, now: at(0))
        }
        #expect(try text(idempotency.answer(quiet, now: at(0))) == "kept")
        #expect(loud.map { idempotency.answer($0, now: at(0)) != nil } == [false, true, true, false, true, true])
        // Expiry removes each of them once, whichever was evicted before.
        #expect(idempotency.answer(quiet, now: at(10)) == nil)
        #expect(idempotency.answers.count == 0 && idempotency.answers.bytes == 0 && idempotency.answers.ordered == 0)
    }

    @Test func anAnswerKeepsItsOwnBytesAndNotAllThatWereReadWithThem() throws {
        var read = ByteBuffer(bytes: [UInt8](repeating: 0x20, count: 65_536))
        let slice = read.readSlice(length: 10)
        let body = try #require(slice)
        var idempotency = idempotency()
        let key = try key("1")
        _ = idempotency.begin(key, 1, now: at(0))
        _ = idempotency.end(key, RecipientResponse(OutboundResponse(status: 200, body: body), []), now: at(0))
        let record = try request(.commands, .receiver, .post)
        let address = try #require(record.reply)
        let kept = idempotency.answer(key, now: at(0))?.reply(to: record, at: address, time: .now).body
        #expect(kept == body)
        #expect((kept?.storageCapacity ?? .max) < 1024)
    }

    @Test func onlyRequestsThatMustNotBeSentTwiceHaveAKey() throws {
        for method in [OCPI.Method.get, .put, .delete] { #expect(IdempotencyKey(try request(.tokens, .receiver, method)) == nil) }
        for method in [OCPI.Method.post, .patch] { #expect(IdempotencyKey(try request(.tokens, .receiver, method)) != nil) }
        var remote = try request(.cdrs, .receiver, .post)
        remote.origin = .node("https://other.example")
        for method in [OCPI.Method.put, .delete, .post, .patch] {
            remote.method = method
            #expect(IdempotencyKey(remote) != nil, "whoever has seen a signed message can send it again")
        }
        let key = IdempotencyKey(remote)
        remote.origin = .node("https://another.example")
        #expect(IdempotencyKey(remote) == key, "the sender's node has another URL now")
        remote.origin = .local
        #expect(IdempotencyKey(remote) != key)
        remote.origin = .node("https://other.example")
        remote.method = .get
        #expect(IdempotencyKey(remote) == nil)
        // A request with a later result is not a mere read either.
        var question = try request(.chargingprofiles, .receiver, .get, path: "S1", query: "duration=60&response_url=https%3A%2F%2Fa%2Fb")
        #expect(IdempotencyKey(question) == nil)
        question.origin = .node("https://other.example")
        #expect(IdempotencyKey(question) != nil)
    }

    @Test func aRepeatIsTheSameRequestOfTheSamePartyToTheSameParty() throws {
        let first = try request(.commands, .receiver, .post, path: "START_SESSION", query: "a", body: "{}")
        var same = first
        same.id = "another record"
        same.time = .init(milliseconds: 0)
        same.from = try #require(PartyID("de-msp"))
        same.correlationID = "another"
        #expect(IdempotencyKey(same) == IdempotencyKey(first))
        let changes: [(inout RequestRecord) throws -> Void] = [
            { $0.from = try #require(PartyID("DE-MSQ")) }, { $0.to = try #require(PartyID("DE-CPQ")) }, { $0.requestID = "request-2" },
            { $0.method = .patch }, { $0.module = .tokens }, { $0.interface = .sender }, { $0.path = "STOP_SESSION" }, { $0.query = nil },
            { $0.body = ByteBuffer(string: "{} ") }, { $0.body = nil },
        ]
        for (number, change) in changes.enumerated() {
            var other = first
            try change(&other)
            #expect(IdempotencyKey(other) != IdempotencyKey(first), "change \(number)")
        }
    }

    /// A copy that its service did not accept is repeated by the sender's node, and must then reach the service.
    @Test func theAnswerToACopyIsWorthRememberingIfTheCopyIsDoneWith() throws {
        let cpo = try #require(PartyID("DE-CPO"))
        func answer(_ status: Int, _ code: Int) -> RecipientResponse {
            RecipientResponse(OutboundResponse(status: status, body: ByteBuffer(string: #"{"status_code":\#(code)}"#)), [], isToCopy: true)
        }
        #expect(answer(200, 1000).endsCopy && answer(200, 2001).endsCopy && answer(400, 2001).endsCopy)
        #expect(!answer(500, 3000).endsCopy && !answer(404, 2003).endsCopy && !answer(200, 3000).endsCopy && !answer(503, 3000).endsCopy)
        #expect(
            !RecipientResponse(ExchangeFailure(.timeout, .noAnswer(cpo))).endsCopy
                && !RecipientResponse(ExchangeFailure(.unreachable, .noToken(cpo))).endsCopy)
    }

    @Test func anAnswerIsWorthRememberingUnlessNothingWasDone() throws {
        let cpo = try #require(PartyID("DE-CPO"))
        #expect(answer("").mayBeDone)
        for status in [200, 201, 400, 404, 500] { #expect(RecipientResponse(OutboundResponse(status: status), []).mayBeDone) }
        for status in [429, 503] { #expect(!RecipientResponse(OutboundResponse(status: status), []).mayBeDone) }
        // Another node's errors for an unknown or unreachable recipient; the same error of a party is an answer.
        for code in [1000, 2000, 2001, 3000, 4000, 4001, 4002, 4003] {
            let response = OutboundResponse(status: 200, body: ByteBuffer(string: #"{"status_code":\#(code)}"#))
            #expect(RecipientResponse(response, [], isOfNode: true).mayBeDone == (code != 4001 && code != 4003), "\(code)")
            #expect(RecipientResponse(response, []).mayBeDone, "\(code)")
        }
        // A node of this project marks any of its own errors with the header; a party's header has no effect.
        for text in ["refused", "hindered", "anything"] {
            let said = OutboundResponse(status: 400, headers: ["OCN-Not-Done": text], body: ByteBuffer(string: #"{"status_code":2000}"#))
            #expect(!RecipientResponse(said, [], isOfNode: true).mayBeDone && RecipientResponse(said, []).mayBeDone)
        }
        for (status, body, isDone) in [
            (200, #"{"status_code":1000}"#, true), (201, #"{"status_code":1999}"#, true), (204, "", true), (200, "<html>", true),
            (200, #"{"status_code":2000}"#, false), (500, #"{"status_code":1000}"#, false), (502, "<html>", false),
        ] {
            let said = OutboundResponse(status: status, headers: ["OCN-Not-Done": "refused"], body: ByteBuffer(string: body))
            #expect(
                RecipientResponse(said, [], isOfNode: true).mayBeDone == isDone, "\(status) \(body): a success is one whatever a proxy adds"
            )
        }
        #expect(RecipientResponse(OutboundResponse(status: 502, body: ByteBuffer(string: "<html>")), [], isOfNode: true).mayBeDone)
        #expect(RecipientResponse(ExchangeFailure(.timeout, .noAnswer(cpo))).mayBeDone)
        #expect(RecipientResponse(ExchangeFailure(.unreachable, .unusableAnswer(cpo, ""), mayBeDone: true)).mayBeDone)
        #expect(!RecipientResponse(ExchangeFailure(.refused, .notImplemented(cpo, .cdrs, .receiver))).mayBeDone)
        for outcome in [ReplyOutcome.unreachable, .refused, .expired] {
            #expect(!RecipientResponse(ExchangeFailure(outcome, .heldBack(cpo))).mayBeDone)
        }
    }
}
