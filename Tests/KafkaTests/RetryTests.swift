import Testing

@testable import Kafka

@Suite struct RetryTests {
    private let passing = KafkaError(operation: "ask", code: 6)  // not leader
    private let lasting = KafkaError(operation: "ask", code: 29)  // no right

    @Test func aGoodAnswerAfterBadOnesIsTheAnswer() {
        var limits: [Int32] = []
        let answer = Retry.until(Deadline(after: .seconds(60)), "ask") { milliseconds in
            limits.append(milliseconds)
            return limits.count < 5 ? .failure(passing) : .success("good")
        }
        #expect(answer == .success("good"))
        #expect(limits == [1000, 2000, 4000, 4000, 4000], "short at first, so that whoever stops need not wait")
    }

    @Test func atTheDeadlineTheLastBadAnswerIsTheAnswer() {
        var limits: [Int32] = []
        var answer: Result<String, KafkaError>?
        let time = ContinuousClock().measure {
            answer = Retry.until(Deadline(after: .milliseconds(150)), "ask") { milliseconds in
                limits.append(milliseconds)
                return .failure(limits.count == 1 ? KafkaError(operation: "first", code: 3) : passing)
            }
        }
        #expect(answer == .failure(passing))
        #expect(limits.count > 1 && limits.allSatisfy { (1...150).contains($0) }, "no attempt is longer than what is left")
        #expect(time >= .milliseconds(150) && time < .seconds(10))
    }

    @Test func afterTheDeadlineItIsAskedOnce() {
        var asked = 0
        let answer = Retry.until(Deadline(after: .zero), "ask") { milliseconds -> Result<Int32, KafkaError>? in
            asked += 1
            return .success(milliseconds)
        }
        #expect(answer == .success(1) && asked == 1)
    }

    @Test func whatStaysBadIsNotAskedAgain() {
        var asked = 0
        let answer = Retry.until(Deadline(after: .seconds(60)), "ask") { _ -> Result<Void, KafkaError>? in
            asked += 1
            return .failure(lasting)
        }
        #expect(answer.failure == lasting && asked == 1)
        let patient = Retry.until(Deadline(after: .seconds(60)), "ask", isWorthwhile: { $0.isUnauthorized }) { _ in
            asked += 1
            return asked < 4 ? .failure(lasting) : .success(asked)
        }
        #expect(patient == .success(4), "whoever asks may know better")
    }

    @Test func aClosedClientEndsIt() {
        var asked = 0
        let answer = Retry.until(Deadline(after: .seconds(60)), "ask") { _ -> Result<Void, KafkaError>? in
            asked += 1
            return asked == 1 ? .failure(passing) : nil
        }
        #expect(answer.failure == .closed("ask") && asked == 2)
        #expect(answer.failure?.mayPass == false)
    }

    /// The answers of a new topic, a moving leader, a loading coordinator and a restarting broker; and permanent errors.
    @Test(arguments: [
        (true, [3, 5, 6, 7, 13, 14, 15, 16, 19, 20, 27, 41, 56, 88, -185, -187, -188, -190, -195]),
        (false, [1, 10, 17, 22, 25, 29, 30, 31, 35, 42, -186, -197]),
    ])
    func whatMayPassIsKnownByItsCode(mayPass: Bool, codes: [Int32]) {
        for code in codes {
            let error = KafkaError(operation: "ask", code: code)
            #expect(error.mayPass == mayPass, "\(error)")
        }
    }
}
