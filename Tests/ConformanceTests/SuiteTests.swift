import Encoding
import OCPI
import Testbed
import Testing

@testable import Conformance
@testable import ocn

/// The suite itself: its options, its reports, and that an unreachable hub does not pass.
@Suite struct SuiteTests {
    private static func finding(_ number: Int, _ outcome: Finding.Outcome) throws -> Finding {
        Finding(requirement: try #require(Requirement.numbered(number)), outcome: outcome, duration: .milliseconds(1500))
    }

    @Test func numbersAreReadAsListsAndRanges() throws {
        #expect(try ConformanceOptions.numbers("1,2,70-73") == [1, 2, 70, 71, 72, 73])
        #expect(try ConformanceOptions.numbers(nil) == Array(1...151))
        for wrong in ["0", "152", "5-3", "a", "1-2-3", "-", "1-999"] {
            #expect(throws: (any Error).self, "\(wrong)") { try ConformanceOptions.numbers(wrong) }
        }
    }

    @Test func tokensAndPartiesAreReadFromPairs() throws {
        let party = try #require(PartyID("DE-CPA"))
        #expect(try ConformanceOptions.tokens(["DE-CPA=a=b"])[party]?.raw == "a=b")
        #expect(throws: (any Error).self) { try ConformanceOptions.tokens(["DE-CPA"]) }
        #expect(try ConformanceOptions.participants(["cpo=NL-ABC"]).cpo == PartyID("NL-ABC"))
        #expect(throws: (any Error).self) { try ConformanceOptions.participants(["nobody=NL-ABC"]) }
        #expect(throws: (any Error).self, "an id twice") { try ConformanceOptions.participants(["cpo=DE-MSA"]) }
    }

    @Test func onlyAnUnmetMustFailsTheSuite() throws {
        let report = ConformanceReport([
            try Self.finding(2, .met), try Self.finding(6, .unmet("no")), try Self.finding(57, .skipped("2.3.0")),
        ])
        #expect(report.isPassed)
        #expect(report.summary == "3 requirements: 1 met, 1 not met (0 M, 1 S, 0 D), 1 not tried")
        #expect(!ConformanceReport([try Self.finding(1, .unmet("no"))]).isPassed)
    }

    @Test func theTableGivesReasonsAndTheJSONOneObjectEach() throws {
        let report = ConformanceReport([try Self.finding(57, .skipped("OCPI 2.3.0 only")), try Self.finding(1, .met)])
        let table = report.table
        #expect(table.first == "A. Transport, authentication, envelope")
        #expect(table.contains { $0.hasPrefix("  1  M  pass") } && table.contains { $0.hasSuffix("  OCPI 2.3.0 only") })
        let lines = try report.json.map { try JSONValue.parse($0) }
        #expect(lines.count == 3 && lines[0]["number"]?.int == 1 && lines[0]["milliseconds"]?.int == 1500)
        #expect(lines[1]["outcome"]?.string == "skipped" && lines[2]["event"]?.string == "summary")
    }

    @Test(.timeLimit(.minutes(5))) func aHubThatIsNotThereMeetsNothing() async throws {
        let port = try FreePorts.one()
        let environment = TestEnvironment(
            hub: HubUnderTest(url: "http://127.0.0.1:\(port)", party: try #require(PartyID("CH-OCN")), timeout: .seconds(1)),
            participants: try #require(Participants.usual))
        let error = await #expect(throws: RegistrationFailure.self) { try await environment.start() }
        #expect(error?.description.contains("could not be registered") == true)
        for finding in await Runner(environment).run(Requirement.all.map(\.number)) {
            #expect(finding.outcome != .met, "\(finding.requirement.number) \(finding.requirement.title)")
        }
        await environment.stop()
    }
}
