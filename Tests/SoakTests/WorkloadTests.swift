import Encoding
import NIOCore
import OCPI
import Testing

@testable import Soak

@Suite struct WorkloadTests {
    private let participants: SoakParticipants

    init() throws { participants = try #require(SoakParticipants.usual) }

    private func next(_ workload: inout Workload) throws -> Dispatch {
        let next = workload.next()
        return try #require(next)
    }

    @Test func anObjectHasOneRequestUnderWayAndItsSequenceRises() throws {
        var workload = Workload(participants, objects: 3, seed: 1)
        let first = try (0..<3).map { _ in try next(&workload) }
        let fourth = workload.next()
        #expect(fourth == nil)
        #expect(Set(first.map(\.message.object)) == ["sessions/S1", "sessions/S2", "cdrs/S3"])
        for dispatch in first { workload.ended(dispatch.message.number, .accepted) }
        for _ in 0..<3 {
            let following = try next(&workload)
            #expect(following.message.sequence == 2 && following.method == (following.module == .cdrs ? .post : .patch))
        }
    }

    @Test func asManyRefusedRequestsAsThereAreChangeNothing() throws {
        var workload = Workload(participants, objects: 1, seed: 1)
        for number in 1...5 {
            let dispatch = try next(&workload)
            #expect(dispatch.message.number == number && dispatch.message.sequence == 1 && dispatch.method == .put)
            workload.ended(number, .refused)
        }
    }

    @Test func nothingFollowsARequestOfWhichNobodyKnowsWhatBecameOfIt() throws {
        var workload = Workload(participants, objects: 1, seed: 1)
        let lost = try next(&workload)
        workload.ended(lost.message.number, .unknown)
        let following = try next(&workload)
        #expect(following.message.object != lost.message.object && following.message.sequence == 1)
        workload.ended(following.message.number, .answered(4002))
        let last = try next(&workload)
        #expect(last.message.sequence == 2, "an answer says that it is in Kafka, or never will be")
    }

    @Test func copiesAreOwedToWhomTheModuleIsPermitted() throws {
        #expect(participants.recipients(of: .sessions) == [participants.steady, participants.hanging])
        #expect(participants.recipients(of: .cdrs) == [participants.steady, participants.flapping])
        #expect(participants.recipients(of: .tokens) == [])
    }

    @Test func aCDRIsOrderedByItsSessionAndASessionByItsPath() throws {
        var workload = Workload(participants, objects: 6, seed: 4)
        for _ in 0..<6 {
            let dispatch = try next(&workload)
            let key = OrderingKey.key(
                module: dispatch.module, interface: .receiver, method: dispatch.method, remainder: dispatch.path, sender: participants.cpo,
                requestID: "x", body: dispatch.body, isCallback: false)
            #expect(key == "DE-CPO|" + dispatch.message.object.split(separator: "/").joined(separator: "|"))
        }
    }

    @Test func theNumberOfARequestTravelsInItsCorrelationId() {
        #expect(Correlation.number(Correlation.text(17)) == 17)
        #expect(Correlation.number("17") == nil && Correlation.number("soak-x") == nil)
    }
}

@Suite struct TemperTests {
    @Test func theFlappingServiceFailsAboutHalfAndRefusesTheSameOnesAlways() {
        var faults = FaultModel(.flapping, seed: 3)
        let reactions = (1..<FaultModel.refused).flatMap { number in (0..<20).map { _ in faults.react(to: number, at: .zero) } }
        let failed = reactions.count { $0 == .fail || $0 == .failInside }
        #expect(failed > reactions.count * 4 / 10 && failed < reactions.count * 6 / 10)
        #expect(!reactions.contains(.refuse))
        faults.endFaults()
        let refused = (0..<20).map { _ in faults.react(to: FaultModel.refused, at: .zero) }
        let others = (0..<20).map { _ in faults.react(to: 1, at: .zero) }
        #expect(refused.allSatisfy { $0 == .refuse } && others.allSatisfy { $0 == .take(delay: .zero) })
    }

    @Test func theHangingServiceHangsNowAndThenAndAnswersWhenItIsOver() throws {
        var faults = FaultModel(.hanging, seed: 3)
        var ends: Set<Duration> = []
        for step in 0..<600 {
            let time = Duration.milliseconds(step * 100)
            guard case .take(let delay) = faults.react(to: 1, at: time), delay <= .seconds(2) else {
                Issue.record("it takes everything within two seconds")
                return
            }
            if delay > .zero { ends.insert(time + delay) }
        }
        #expect((6...30).contains(ends.count), "in a minute: \(ends.count)")
        faults.endFaults()
        let later = (600..<700).map { faults.react(to: 1, at: .milliseconds($0 * 100)) }
        #expect(later.allSatisfy { $0 == .take(delay: .zero) })
    }
}

@Suite struct SoakResultTests {
    @Test func theJSONBeginsWithTheLedger() throws {
        var balance = Balance()
        balance.accepted = 3
        balance.delivered = 2
        balance.dead = 1
        balance.duplicatesAllowed = 1
        balance.longestStall = .milliseconds(1205)
        let result = SoakResult(balance: balance, kills: ["push": 2], heldBack: 0, crashes: [], missing: [], seed: .max)
        #expect(
            result.json.hasPrefix(
                #"{"accepted":3,"delivered":2,"duplicates":0,"dead":1,"expired":0,"lost":0,"order_violations":0,"kills":2,"ok":true,"#
                    + #""not_ok_because":[],"#))
        #expect(result.json.contains(#""longest_stall_seconds":1.205"#) && result.json.hasSuffix(#""seed":18446744073709551615}"#))
        _ = try JSONValue.parse(result.json)
        #expect(result.lines.last == "ok")
    }

    @Test func aRunInWhichNothingWasAcceptedOrAProcessEndedByItselfIsNotOK() {
        #expect(!SoakResult(balance: Balance(), kills: [:], heldBack: 0, crashes: [], missing: [], seed: 1).isOK)
        var balance = Balance()
        balance.accepted = 1
        balance.delivered = 1
        #expect(SoakResult(balance: balance, kills: [:], heldBack: 0, crashes: [], missing: [], seed: 1).isOK)
        #expect(!SoakResult(balance: balance, kills: [:], heldBack: 0, crashes: ["push-1 ended"], missing: [], seed: 1).isOK)
    }

    @Test func everyReasonStandsInTheLastLineAndInTheJSON() throws {
        var balance = Balance()
        balance.accepted = 5
        balance.delivered = 3
        balance.waiting = 1
        balance.duplicates = 9
        balance.duplicatesAllowed = 2
        balance.orderViolations = 4
        balance.unexpectedCopies = 6
        let result = SoakResult(balance: balance, kills: [:], heldBack: 0, crashes: ["push-1 ended by itself"], missing: [], seed: 1)
        let reasons = [
            "1 copies lost", "4 copies out of order", "6 copies unexpected or altered",
            "9 duplicates, of which at most 2 are explained by processes that died and came back",
            "the ledger does not add up: 5 accepted, but 3 delivered, 0 dead, 0 expired, 0 withheld and 1 waiting",
            "push-1 ended by itself",
        ]
        #expect(result.notOKBecause == reasons)
        #expect(result.lines.last == "NOT OK: " + reasons.joined(separator: "; "))
        let json = try JSONValue.parse(result.json)
        #expect(json["not_ok_because"]?.array?.compactMap(\.string) == reasons && json["ok"]?.bool == false)
        let nothing = SoakResult(balance: Balance(), kills: [:], heldBack: 0, crashes: [], missing: [], seed: 1)
        #expect(nothing.notOKBecause == ["no request was accepted that gives rise to copies"])
    }
}
