import Logging
import Synchronization
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

    private struct Lines: LogHandler {
        let lines: Watched<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.update { $0.append("\(event.level) \(event.message)") } }
    }

    @Test func whatRepeatsIsLoggedOnceByLevelAndKind() {
        let lines = Watched<[String]>([])
        let log = ThrottledLog(Logger(label: "test") { _ in Lines(lines: lines) })
        for _ in 0..<3 {
            log.log(.warning, "FAIL", "one")
            log.log(.error, "FAIL", "two")
            log.log(.debug, "FAIL", "three")
        }
        #expect(lines.state == ["warning one", "error two", "debug three", "debug three", "debug three"])
    }
}
