import Foundation
import Testing

@testable import Fuzz

/// The conditions that count as a finding.
@Suite struct JudgeTests {
    private func answer(_ status: Int, _ body: String = #"{"status_code":1000}"#, length: Int? = nil) -> [UInt8] {
        Array("HTTP/1.1 \(status) X\r\nContent-Length: \(length ?? body.utf8.count)\r\n\r\n\(body)".utf8)
    }

    private func faults(
        _ due: RequestCase.Due, _ bytes: [UInt8], isOverdue: Bool = false, change: (inout RequestCase) -> Void = { _ in }
    ) -> [String] {
        var input = RequestCase("x", [[1]], due: due)
        change(&input)
        return Judge.faults(of: input, Transcript(bytes: bytes, isOverdue: isOverdue))
    }

    @Test func oneEnvelopeForOneRequestIsWell() {
        #expect(faults(.one, answer(200)) == [])
        #expect(faults(.one, answer(503, #"{"status_code":3000}"#)) == [], "an error in an envelope")
        #expect(faults(.one, answer(100, "") + answer(200)) == [], "100 Continue answers nothing")
    }

    @Test func anythingElseForOneRequestIsNot() {
        #expect(faults(.one, []) == ["0 answers for one request"])
        #expect(faults(.one, answer(200) + answer(200)) == ["2 answers for one request"])
        #expect(faults(.one, [], isOverdue: true) == ["no answer in time"])
        #expect(faults(.one, answer(200), isOverdue: true) == ["answered, but the connection did not close in time"])
        #expect(faults(.one, answer(200) + answer(200, length: 99)).contains("half an answer, or something that is none"))
        #expect(Judge.faults(of: RequestCase("x", [[1]], due: .one), Transcript(isRefused: true)) == ["no connection could be made"])
    }

    @Test(arguments: [200, 400, 404, 500, 502, 503]) func everyAnswerIsAnEnvelope(status: Int) {
        for body in ["", "<html>", "[]", #"{"status_code":"x"}"#, "Internal Server Error"] {
            #expect(faults(.one, answer(status, body)) == ["HTTP \(status) without an OCPI envelope"], "\(body)")
            #expect(faults(.upTo(1), answer(status, body)) == ["HTTP \(status) without an OCPI envelope"], "\(body)")
        }
    }

    @Test func whatHasNoBodyNeedsNoEnvelope() {
        #expect(faults(.one, Array("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n".utf8)) { $0.isHead = true } == [])
        #expect(faults(.one, answer(204, "")) == [])
        #expect(faults(.one, answer(200, #"{"url":"x"}"#)) { $0.isPlain = true } == [])
        #expect(faults(.one, answer(500, #"{"url":"x"}"#)) { $0.isPlain = true }.count == 1)
    }

    @Test func anErrorThatNobodyForesawIsFound() {
        let body = #"{"status_code":3000,"status_message":"The node failed on this request"}"#
        #expect(faults(.one, answer(200, body)) == ["an error that nobody foresaw: HTTP 200, OCPI 3000"])
    }

    @Test func whatIsTooLongMustBeRefused() {
        #expect(faults(.refusal, answer(200)) == ["carried out: HTTP 200, OCPI 1000"])
        #expect(faults(.refusal, answer(200, #"{"status_code":2001}"#)) == [])
        #expect(faults(.refusal, answer(413, #"{"status_code":2000}"#)) == [])
    }

    @Test func unclearBytesGetNoMoreAnswersThanTheyHoldRequests() {
        #expect(faults(.upTo(2), []) == [])
        #expect(faults(.upTo(2), answer(200) + answer(400)) == [])
        #expect(faults(.upTo(1), answer(200) + answer(400)) == ["2 answers for 1 requests at most"])
    }

    @Test func whoLeavesIsOwedNothing() {
        #expect(faults(.one, []) { $0.ending = .leave } == [])
    }
}

@Suite struct GrowthTests {
    private func growth(_ memory: Int, _ descriptors: Int) -> Growth {
        var growth = Growth(Footprint(memory: 100 << 20, descriptors: 50))
        growth.warmUp(Footprint(memory: 120 << 20, descriptors: 90))
        growth.warmUp(Footprint(memory: 110 << 20, descriptors: 60))
        growth.end = Footprint(memory: memory << 20, descriptors: descriptors)
        return growth
    }

    @Test func whatFillsUpInTheWarmUpIsNoGrowth() {
        #expect(growth(120 + 96, 50 + 24).faults == [])
    }

    @Test func memoryAndDescriptorsBeyondTheirBoundsAreGrowth() {
        #expect(growth(120 + 97, 50).faults == ["memory grew from 120 to 217 MiB after the warm-up"])
        #expect(growth(120, 75).faults == ["open descriptors grew from 50 to 75"])
    }

    @Test func aProcessThatHasEndedHasGrownByNothing() {
        var growth = growth(900, 900)
        growth.end = nil
        #expect(growth.faults == [])
    }

    @Test func whatAProcessHoldsIsRead() throws {
        let own = try #require(Footprint.of(ProcessInfo.processInfo.processIdentifier))
        #expect(own.memory > 1 << 20 && own.descriptors > 2)
        #expect(Footprint.resident("Name:\tx\nVmRSS:\t    2048 kB\n") == 2 << 20)
        #expect(Footprint.of(-1) == nil)
    }
}

@Suite struct FindingTests {
    @Test func inputsAreShownWithoutTokensAndCutOff() {
        let shown = Shown(hiding: ["c2VjcmV0"])
        #expect(shown.text(Array("A: Token c2VjcmV0\r\n".utf8) + [0, 0xFF]) == #"A: Token <token>\r\n\x00\xff"#)
        #expect(shown.text(Array("abcdef".utf8), limit: 3) == "abc…")
    }

    @Test func aFindingNamesWhatRepeatsIt() {
        let finding = FuzzFinding(surface: .node, number: 12, kind: "k", what: "w", input: "i")
        #expect(finding.line(seed: 5) == "w\n  k (--seed 5 --surface node --case 12)\n  i")
    }

    @Test func ofOneKindOnlyTheFirstAreKept() {
        let findings = Findings()
        for _ in 0..<20 { findings.note("same") }
        findings.note("other")
        #expect(findings.count == 21 && findings.kept.count == 6)
    }

    @Test func aResultWithFindingsOrWithoutInputsIsNotOK() {
        func result(cases: Int, findings: Int) -> FuzzResult {
            FuzzResult(
                seed: 1, seconds: 1, cases: [.public: cases], oversized: 0, deadLetters: 0, controls: 0, answers: [200: 2], growth: nil,
                findings: [],
                findingCount: findings)
        }
        #expect(result(cases: 1, findings: 0).isOK && !result(cases: 0, findings: 0).isOK && !result(cases: 1, findings: 1).isOK)
        #expect(result(cases: 0, findings: 0).lines.last == "NOT OK: nothing was tried")
    }
}
