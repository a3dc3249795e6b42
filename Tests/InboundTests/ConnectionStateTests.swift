import NIOHTTP1
import Testing

@testable import Inbound

@Suite struct ConnectionStateTests {
    private let good = HeadRules(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "a"]))
    private let last = HeadRules(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "a", "Connection": "close"]))
    private let bad = HeadRules(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: [:]))
    private let broken = HTTPRefusal(HTTPParserError.invalidChunkSize)

    private func receive(_ state: inout ConnectionState) {
        #expect(state.head(good) == .pass && state.body() == .pass && state.end() == .pass)
    }

    private func answer(_ state: inout ConnectionState) -> (ConnectionState.Announcement, ConnectionState.Step) {
        (state.answer(saysClose: false), state.answered())
    }

    @Test func requestsGoInAndAnswersOut() {
        var state = ConnectionState(limit: 16)
        for _ in 0..<20 {
            receive(&state)
            #expect(answer(&state) == (.nothing, .pass))
        }
    }

    @Test func theLastRequestHasTheLastAnswer() {
        var state = ConnectionState(limit: 16)
        receive(&state)
        #expect(state.head(last) == .pass && state.end() == .pass)
        #expect(state.head(good) == .drop && state.body() == .drop && state.end() == .drop)
        #expect(answer(&state) == (.nothing, .pass))
        #expect(answer(&state) == (.close, .leave))
    }

    @Test func moreThanTheLimitAreNotTaken() {
        var state = ConnectionState(limit: 2)
        receive(&state)
        receive(&state)
        #expect(state.head(good) == .drop)
        #expect(answer(&state) == (.nothing, .pass))
        #expect(answer(&state) == (.close, .leave))
    }

    @Test func aRefusalWaitsForItsTurn() throws {
        let refusal = try #require(bad.refusal)
        var state = ConnectionState(limit: 16)
        receive(&state)
        #expect(state.head(bad) == .drop && state.end() == .drop)
        #expect(answer(&state) == (.nothing, .refuse(refusal)), "the refusal says that the connection closes, not the answer before it")
        var alone = ConnectionState(limit: 16)
        #expect(alone.head(bad) == .refuse(refusal))
    }

    @Test func aBrokenBodyIsAnsweredOnce() {
        var open = ConnectionState(limit: 16)
        #expect(open.head(good) == .pass && open.broken(broken) == .fail(broken) && open.broken(broken) == .drop)
        #expect(answer(&open) == (.close, .leave))

        var answered = ConnectionState(limit: 16)
        #expect(answered.head(good) == .pass)
        #expect(answer(&answered) == (.nothing, .pass))
        #expect(answered.body() == .pass, "the rest of the body is read and dropped")
        #expect(answered.broken(broken) == .leave)
    }

    @Test func anAnswerThatClosesIsTheLastOne() {
        var state = ConnectionState(limit: 16)
        #expect(state.head(good) == .pass)
        #expect(state.answer(saysClose: true) == .close && state.answered() == .leave)
        #expect(state.body() == .drop && state.head(good) == .drop)
    }

    @Test func aLateClientGetsAnAnswerIfARequestHadBegun() {
        var silent = ConnectionState(limit: 16)
        #expect(silent.overdue(hasBegun: false) == .leave)
        var head = ConnectionState(limit: 16)
        #expect(head.overdue(hasBegun: true) == .refuse(.overdue))
        var body = ConnectionState(limit: 16)
        #expect(body.head(good) == .pass && body.overdue(hasBegun: false) == .fail(.overdue))
        var waiting = ConnectionState(limit: 16)
        receive(&waiting)
        #expect(waiting.overdue(hasBegun: true) == .drop, "nothing is read while an answer is made")
    }

    @Test func answersHaveRoomTogether() {
        let budget = AnswerBudget(limit: 100)
        for client in ["a", "b", "c"] { #expect(budget.change(by: 25, of: client)) }
        #expect(budget.hasRoom(for: 25, of: "d") && !budget.hasRoom(for: 26, of: "d"))
        #expect(!budget.hasRoom(for: 1, of: "a"), "it has its quarter")
        #expect(budget.change(by: 20, of: "d") && !budget.change(by: 6, of: "e"), "there is no room for more together")
        for (client, bytes) in [("a", 25), ("b", 25), ("c", 25), ("d", 20), ("e", 6)] { #expect(budget.change(by: -bytes, of: client)) }
        #expect(budget.hasRoom(for: 100, of: "a"))
    }

    @Test func oneClientGetsAQuarterOfTheRoomForAnswers() {
        let budget = AnswerBudget(limit: 100)
        #expect(budget.change(by: 20, of: "a") && !budget.change(by: 6, of: "a"))
        #expect(budget.change(by: 25, of: "b"), "others are not concerned")
        #expect(budget.change(by: -6, of: "a") && budget.change(by: 5, of: "a"))
    }
}
