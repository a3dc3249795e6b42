import Testing

@testable import Ingress

@Suite struct RunningHandshakesTests {
    @Test func aPlatformHasTwoHandshakesAtATimeAndAllTogetherHaveABound() {
        let handshakes = RunningHandshakes()
        #expect(handshakes.begin("a") && handshakes.begin("a") && !handshakes.begin("a"))
        handshakes.end("a")
        #expect(handshakes.begin("a"))
        let others = (0..<RunningHandshakes.inTotal).count { handshakes.begin("\($0)") }
        #expect(others == RunningHandshakes.inTotal - 2 && !handshakes.begin("one more"))
        handshakes.end("0")
        #expect(handshakes.begin("one more"))
    }
}
