import Directory
import OCPI
import Synchronization
import Testing

@testable import Demo

private struct NoKafka: Error, CustomStringConvertible { let description = "no Kafka today" }

@Suite struct RunDemoTests {
    @Test func clustersThatDoNotStartAreAReasonASummaryAndAStop() async {
        // One that does not come up.
        let stops = Mutex(0)
        let starter = DemoClusterStarter(
            startClusters: { _ in throw NoKafka() }, publish: { _, _ in throw NoKafka() }, startNode: { _ in throw NoKafka() },
            stop: { stops.withLock { $0 += 1 } })
        let lines = Lines()
        let result = await runDemo(starter: starter, options: DemoOptions(json: true, keepRunning: true)) { lines.add($0) }
        #expect(!result.ok)
        #expect(result.reason == "start: no Kafka today")
        #expect(result.steps == Dictionary(uniqueKeysWithValues: (1...8).map { ($0, false) }))
        #expect(stops.withLock { $0 } == 1)
        #expect(lines.all.dropFirst().first == #"{"event":"failure","step":0,"reason":"no Kafka today"}"#)
        let summary =
            #"{"event":"summary","ok":false,"steps":{"1":false,"2":false,"3":false,"4":false,"#
            + #""5":false,"6":false,"7":false,"8":false}"#
        #expect(lines.all.last?.hasPrefix(summary) == true)
    }
}
