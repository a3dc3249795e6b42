import NIOCore
import Testing

@testable import Telemetry

@Suite struct HealthTests {
    private func json(_ health: Health) -> String {
        String(buffer: health.render().json)
    }

    @Test func isNotReadyBeforeAnyCheckReports() {
        let health = Health()
        #expect(!health.isReady)
        #expect(json(health) == #"{"ready":false,"checks":[]}"#)
    }

    @Test func waitsForEveryExpectedCheck() {
        let health = Health(expecting: ["kafka", "directory"])
        health.set("kafka", ready: true)
        #expect(
            json(health)
                == #"{"ready":false,"checks":[{"name":"directory","ready":false,"reason":"starting"},{"name":"kafka","ready":true}]}"#)
        health.set("directory", ready: true)
        #expect(health.isReady)
        #expect(json(health) == #"{"ready":true,"checks":[{"name":"directory","ready":true},{"name":"kafka","ready":true}]}"#)
    }

    @Test func escapesReasons() {
        let health = Health()
        health.set("a\"b", ready: false, reason: "line\n\\ \u{1}\u{1f} é")
        #expect(json(health) == #"{"ready":false,"checks":[{"name":"a\"b","ready":false,"reason":"line\n\\ \u0001\u001F é"}]}"#)
    }

    @Test func theFirstFatalReasonStaysAndTakesReadinessAway() {
        let health = Health()
        health.set("kafka", ready: true)
        #expect(health.fatalReason == nil)
        health.fail("producer fenced")
        health.fail("later")
        health.set("kafka", ready: true)
        #expect(health.fatalReason == "producer fenced")
        #expect(!health.isReady)
        #expect(!health.render().ready)
    }

    @Test(.timeLimit(.minutes(5))) func wakesTheWaiterForReadiness() async {
        let health = Health(expecting: ["kafka", "directory"])
        async let first = health.becomesReady()
        async let second = health.becomesReady()
        health.set("kafka", ready: true)
        #expect(!health.isReady)
        health.set("directory", ready: true)
        #expect(await first)
        #expect(await second)
        #expect(await health.becomesReady())
    }

    @Test(.timeLimit(.minutes(5))) func aCancelledWaitEnds() async {
        let health = Health(expecting: ["kafka"])
        let wait = Task { await health.becomesReady() }
        wait.cancel()
        #expect(await wait.value == false)
    }
}
