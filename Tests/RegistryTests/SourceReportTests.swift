import Logging
import Support
import Synchronization
import Testing

@testable import Registry

@Suite struct SourceReportTests {
    private let wrong = RegistryError("r.yaml:3: wrong")

    @Test func aFaultIsReportedAtOnceAndThenEveryMinuteWithItsCount() {
        var fault = OngoingFault(wrong)
        let begin = ContinuousClock.now
        #expect(fault.occurred(at: begin) == .first)
        for second in 1..<15 { #expect(fault.occurred(at: begin + .seconds(4 * second)) == nil) }
        #expect(fault.occurred(at: begin + .seconds(60)) == .reminder(count: 16))
        #expect(fault.occurred(at: begin + .seconds(64)) == nil)
        #expect(fault.occurred(at: begin + .seconds(121)) == .reminder(count: 18))
    }

    @Test func onlyASourceThatIsBrokenAtTheStartTakesReadiness() {
        let (report, lines, readiness) = make()
        for _ in 0..<5 { report.failed(wrong) }
        #expect(lines.value == ["error: the registry is refused: nothing of it is published"])
        #expect(readiness.value == Array(repeating: "false r.yaml:3: wrong", count: 5))
        report.failed(RegistryError("r.yaml:4: also wrong"))
        #expect(lines.value.count == 2, "another fault is logged at once")
        report.read()
        #expect(lines.value.last == "notice: the registry can be read again" && readiness.value.last == "true -")
        let before = readiness.value.count
        report.read()
        report.failed(wrong)
        report.failed(wrong)
        #expect(readiness.value.count == before, "what was published before stays in force")
        #expect(lines.value.dropFirst(3) == ["error: the registry is refused: what was published before stays in force"])
    }

    @Test func aConflictIsReportedOnceAsLongAsItLasts() {
        let (report, lines, _) = make()
        for conflicts in [["a"], ["a"], ["a", "b"], [], ["a"]] { report.conflicts(conflicts) }
        #expect(lines.value.count == 3)
    }

    private func make() -> (SourceReport, LogLines, Noted) {
        let (lines, readiness) = (LogLines(), Noted())
        return (SourceReport(source: "file", logger: lines.logger) { readiness.add("\($0) \($1 ?? "-")") }, lines, readiness)
    }
}

/// What readiness was set to, in order.
private final class Noted: Sendable {
    private let lines = Mutex<[String]>([])
    var value: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

extension LogLines {
    /// From `info` on.
    fileprivate var value: [String] { all.filter { $0.level >= .info }.map { "\($0.level): \($0.text)" } }
}
