import Demo
import Encoding
import Logging
import Synchronization
import Telemetry
import Testing

@testable import ocn

extension Scenarios {
    /// The scenario of `ocn demo`, over real HTTP and two embedded clusters.
    @Suite(.serialized) struct BillingScenarioTests {
        @Test(.timeLimit(.minutes(5))) func theBillingScenarioHoldsInEveryStep() async throws {
            let lines = Mutex<[String]>([])
            let cluster = LocalDemoCluster(metrics: PrometheusMetrics())
            let result = await runDemo(starter: cluster.starter, options: DemoOptions(json: true)) { line in
                lines.withLock { $0.append(line) }
            }
            #expect(result.ok, "\(result.reason ?? "")")
            #expect(result.steps == Dictionary(uniqueKeysWithValues: (1...8).map { ($0, true) }))
            #expect(result.copiesWithoutPermission == 0)

            let output = lines.withLock { $0 }
            for line in output { _ = try JSONValue.parse(line) }
            let summary = try JSONValue.parse(try #require(output.last))
            #expect(summary["event"]?.string == "summary" && summary["ok"]?.bool == true)
            #expect(summary["copies_without_permission"]?.int == 0 && (summary["seconds"]?.double ?? 0) > 0)
            #expect(summary["steps"]?.members?.map(\.name) == (1...8).map(String.init))
        }

        @Test(.timeLimit(.minutes(5))) func theProgramPlaysItAndEndsWithStatusZero() async throws {
            let (status, text) = try await RunningProgram.run(["demo"])
            #expect(status == 0, "\(text)")
            #expect(text.contains("all 8 steps") && !text.contains("\u{1B}["), "plain in a pipe")
        }
    }
}
