import Encoding
import Foundation
import Support
import Testing

extension Scenarios {
    /// `ocn soak` as an operator runs it: every role in its own processes, which are killed repeatedly.
    @Suite(.serialized) struct SoakTests {
        @Test("Scenario 11: copies survive that processes are killed, and repeats are explained by the kills", .timeLimit(.minutes(5)))
        func copiesSurviveThatProcessesAreKilled() async throws { try await soak(seconds: 15, rate: 40) }

        /// Longer than the in-memory cluster keeps the records of such a load.
        @Test(
            "Scenario 10: copies survive minutes of kills under load", .enabled(if: TestKafka.realCluster != nil), .timeLimit(.minutes(15)))
        func copiesSurviveMinutesOfKills() async throws { try await soak(seconds: 300, rate: 100) }

        private func soak(seconds: Int, rate: Int) async throws {
            let seed = UInt32.random(in: .min ... .max)
            try await withTemporaryFolder { folder in
                let brokers = TestKafka.realCluster.map { ["--brokers", $0] } ?? []
                let options = ["--seconds", "\(seconds)", "--rate", "\(rate)", "--seed", "\(seed)", "--logs", folder.path]
                let (status, text) = try await RunningProgram.run(["soak", "--kill", "--json"] + options + brokers)
                let json = try #require(text.split(separator: "\n").last { $0.hasPrefix("{") }, "\(text)")
                let result = try JSONValue.parse(String(json))
                #expect(status == 0 && result["ok"]?.bool == true, "seed \(seed): \(text)")
                #expect(result["lost"]?.int == 0 && result["order_violations"]?.int == 0, "seed \(seed): \(text)")
                let sums = ["delivered", "dead", "expired", "withheld", "lost"].compactMap { result[$0]?.int }
                #expect(sums.count == 5 && sums.reduce(0, +) == result["accepted"]?.int, "\(json)")
                #expect((result["accepted"]?.int ?? 0) > 100 && (result["kills"]?.int ?? 0) > 0, "\(json)")
            }
        }
    }
}
