import Conformance
import Testing

/// The hub of this project against the requirements of OCPI, one test for each, by section. One check at a time: they share the parties.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ConformanceTests {
    @Test func everyRequirementHasOneCheckOrOneReason() {
        #expect(Requirement.all.map(\.number) == Array(1...151))
        #expect(Check.all.map(\.number) == Array(1...151))
        #expect(Set(Requirement.all.map(\.title)).count == 151)
    }

    /// What `ocn conformance` prints.
    @Test func theTable() async throws {
        var findings: [Finding] = []
        for requirement in Requirement.all { findings.append(try await Findings.shared.finding(requirement.number)) }
        let report = ConformanceReport(findings)
        print(report.table.joined(separator: "\n"))
        #expect(report.isPassed, "\(report.summary)")
    }
}
