import Testing

@testable import Ingress

@Suite struct HandshakesUnderWayTests {
    @Test func aPlatformHasTwoHandshakesAtATimeAndAllTogetherHaveABound() {
        let handshakes = HandshakesUnderWay()
        #expect(handshakes.begin("a") && handshakes.begin("a") && !handshakes.begin("a"))
        handshakes.end("a")
        #expect(handshakes.begin("a"))
        let others = (0..<HandshakesUnderWay.inTotal).count { handshakes.begin("\($0)") }
        #expect(others == HandshakesUnderWay.inTotal - 2 && !handshakes.begin("one more"))
        handshakes.end("0")
        #expect(handshakes.begin("one more"))
    }
}
