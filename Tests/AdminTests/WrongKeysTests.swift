import Directory
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import OCPI
import Support
import Testing

@testable import Admin

@Suite struct WrongKeysTests {
    @Test func eachWrongKeyFromAnAddressWaitsLongerUpToALimit() {
        let wrong = WrongKeys()
        let start = NIODeadline.now()
        for expected in [100, 200, 400, 800, 1600] { #expect(wrong.note("a", now: start).delay == .milliseconds(expected)) }
        #expect(wrong.note("b", now: start).delay == .milliseconds(100), "each address for itself")
        for _ in 0..<100 { #expect(wrong.note("a", now: start).delay <= .seconds(10)) }
        #expect(wrong.note("a", now: start + .minutes(9)).count == 106)
        #expect(wrong.note("a", now: start + .minutes(20)).count == 1, "forgotten")
    }

    @Test func noMoreAddressesAreRememberedThanThereIsRoomFor() {
        let wrong = WrongKeys(.init(addresses: 2))
        let start = NIODeadline.now()
        for (second, address) in ["a", "b", "a", "c"].enumerated() { _ = wrong.note(address, now: start + .seconds(Int64(second))) }
        #expect(wrong.note("a", now: start + .seconds(5)).count == 3)
        #expect(wrong.note("b", now: start + .seconds(6)).count == 1, "the one that was quiet for longest had to go")
    }

    @Test func ofOneClientFewAnswersAreHeldBackAtATime() async throws {
        let router = Router()
        router.group().add(
            middleware: AdminKey<BasicRequestContext>(
                hash: TokenHash.of(Token("the-operators-key")), wrong: WrongKeys(.init(first: .seconds(600), longest: .seconds(600))),
                logger: LogLines().logger)
        ).get("secret") { _, _ in "yes" }
        try await Application(router: router).test(.router) { client in
            await withTaskGroup(of: HTTPResponse.Status?.self) { tasks in
                for _ in 0..<20 {
                    tasks.addTask {
                        let answer = try? await client.execute(uri: "/secret", method: .get, headers: [.authorization: "Token guess"])
                        #expect(answer?.status != .tooManyRequests || answer?.headers[.retryAfter] == "601")
                        return answer?.status
                    }
                }
                // The others are delayed.
                for _ in 0..<12 { #expect(await tasks.next() == .tooManyRequests) }
                let right = try? await client.execute(uri: "/secret", method: .get, headers: [.authorization: "Token the-operators-key"])
                #expect(right?.status == .ok)
                tasks.cancelAll()
            }
        }
        let held = HeldAnswers(perClient: 1)
        #expect(held.enter("a") && !held.enter("a") && held.enter("b"))
        held.leave("a")
        #expect(held.enter("a"))
    }

    @Test func aWrongKeyIsLoggedWithoutItsTextAndHeldBackAndARightOneNever() async throws {
        let lines = LogLines()
        let router = Router()
        router.group().add(
            middleware: AdminKey<BasicRequestContext>(
                hash: TokenHash.of(Token("the-operators-key")), wrong: WrongKeys(.init(first: .seconds(600), longest: .seconds(600))),
                logger: lines.logger)
        ).get("secret") { _, _ in "yes" }
        try await Application(router: router).test(.router) { client in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    _ = try? await client.execute(uri: "/secret", method: .get, headers: [.authorization: "Token guess-4711"])
                    #expect(Task.isCancelled, "still held back")
                }
                try await eventually("it is told") { lines.notable.contains { $0.text == "a wrong admin key" } }
                let answer = try await client.execute(uri: "/secret", method: .get, headers: [.authorization: "Token the-operators-key"])
                #expect(answer.status == .ok && String(buffer: answer.body) == "yes")
                let missing = try await client.execute(uri: "/secret", method: .get)
                #expect(missing.status == .unauthorized && missing.headers[.wwwAuthenticate] == "Token", "no key is no guess")
                tasks.cancelAll()
            }
        }
        #expect(lines.notable.count == 1 && !lines.all.contains { "\($0)".contains("4711") })
    }
}
