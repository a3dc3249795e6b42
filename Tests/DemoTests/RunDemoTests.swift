import Directory
import OCPI
import Synchronization
import Testing

@testable import Demo

/// A starter that fails.
private final class BrokenStarter: DemoClusterStarter {
    struct NoKafka: Error, CustomStringConvertible { let description = "no Kafka today" }
    let stops = Mutex(0)

    func startClusters(services: [PartyID]) async throws -> [DemoCluster] { throw NoKafka() }
    func publish(_ changes: [FactChange], on node: Int) async throws { throw NoKafka() }
    func startNode(_ index: Int) async throws -> DemoNode { throw NoKafka() }
    func stop() async { stops.withLock { $0 += 1 } }
}

@Suite struct RunDemoTests {
    @Test func aStarterThatFailsIsAReasonASummaryAndAStop() async {
        let starter = BrokenStarter()
        let lines = Lines()
        let result = await runDemo(starter: starter, options: DemoOptions(json: true, keepRunning: true)) { lines.add($0) }
        #expect(!result.ok)
        #expect(result.reason == "start: no Kafka today")
        #expect(result.steps == Dictionary(uniqueKeysWithValues: (1...8).map { ($0, false) }))
        #expect(starter.stops.withLock { $0 } == 1)
        #expect(lines.all.dropFirst().first == #"{"event":"failure","step":0,"reason":"no Kafka today"}"#)
        let summary =
            #"{"event":"summary","ok":false,"steps":{"1":false,"2":false,"3":false,"4":false,"#
            + #""5":false,"6":false,"7":false,"8":false}"#
        #expect(lines.all.last?.hasPrefix(summary) == true)
    }
}
