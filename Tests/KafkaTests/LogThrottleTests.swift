import Logging
import Support
import Testing

@testable import Kafka

@Suite struct LogThrottleTests {
    private let start = ContinuousClock.now

    @Test func oneOfAKindPassesPerIntervalAndTheRestIsCounted() {
        var throttle = LogThrottle<String>(interval: .seconds(10))
        var passed: [String] = []
        for second in 0..<25 {
            let now = start + .seconds(second)
            for (kind, count) in throttle.ended(at: now) { passed.append("\(second): \(count) more of \(kind)") }
            if throttle.admits("FAIL", at: now) { passed.append("\(second): FAIL") }
            if second == 4, throttle.admits("other", at: now) { passed.append("4: other") }
        }
        #expect(passed == ["0: FAIL", "4: other", "10: 9 more of FAIL", "10: FAIL", "20: 9 more of FAIL", "20: FAIL"])
        #expect(throttle.ended(at: start + .seconds(29)).isEmpty)
        #expect(throttle.ended(at: start + .seconds(30)).map(\.suppressed) == [4], "told though nothing comes any more")
        #expect(throttle.ended(at: start + .seconds(60)).isEmpty)
    }

    @Test func whatRepeatsIsLoggedOnceByLevelAndKind() {
        let lines = LogLines()
        let log = ThrottledLog(lines.logger)
        for _ in 0..<3 {
            log.log(.warning, "FAIL", "one")
            log.log(.error, "FAIL", "two")
            log.log(.debug, "FAIL", "three")
        }
        #expect(lines.all.map(\.description) == ["warning one", "error two", "debug three", "debug three", "debug three"])
    }
}
