import Dispatch
import Instruments
import Metrics
import NIOCore
import Testing

@testable import Telemetry

@Suite struct PrometheusMetricsTests {
    private let metrics = PrometheusMetrics(
        declared: [MetricDeclaration("ocn_requests_total", .counter, unit: "requests", "Requests by \"module\",\nall \\ of them.")],
        includesProcess: false)

    /// What stands in every output before or behind the series under test.
    private static func refused(_ count: Int) -> String {
        """
        # HELP ocn_telemetry_series_refused_total Series that are not shown: there are too many, or a name is used for two kinds.
        # TYPE ocn_telemetry_series_refused_total counter
        ocn_telemetry_series_refused_total \(count)

        """
    }

    private func text() -> String {
        String(buffer: metrics.render())
    }

    @Test func countersGaugesAndHelpComeSortedAndEscaped() {
        Counter(label: "ocn.requests", dimensions: [("version", "2.2.1"), ("module", "cdrs")], factory: metrics).increment(by: 3)
        Counter(label: "ocn.requests", dimensions: [("module", "a\"b\\c\nd"), ("version", "2.2")], factory: metrics).increment()
        Meter(label: "lanes.waiting", factory: metrics).set(7.5)
        Gauge(label: "age", dimensions: [("9é", "x")], factory: metrics).record(-4)
        #expect(
            text() == #"""
                # HELP age age
                # TYPE age gauge
                age{_9_="x"} -4
                # HELP lanes_waiting lanes.waiting
                # TYPE lanes_waiting gauge
                lanes_waiting 7.5
                # HELP ocn_requests_total Requests by "module",\nall \\ of them.
                # TYPE ocn_requests_total counter
                ocn_requests_total{module="a\"b\\c\nd",version="2.2"} 1
                ocn_requests_total{module="cdrs",version="2.2.1"} 3

                """# + Self.refused(0))
    }

    @Test func timersAreHistogramsInSeconds() {
        let timer = Timer(label: "exchange", dimensions: [("module", "tokens")], factory: metrics)
        timer.recordMilliseconds(1)
        timer.recordMilliseconds(40)
        timer.recordSeconds(61)
        timer.recordNanoseconds(-5)
        #expect(
            text() == """
                # HELP exchange_seconds exchange
                # TYPE exchange_seconds histogram
                exchange_seconds_bucket{module="tokens",le="0.001"} 2
                exchange_seconds_bucket{module="tokens",le="0.0025"} 2
                exchange_seconds_bucket{module="tokens",le="0.005"} 2
                exchange_seconds_bucket{module="tokens",le="0.01"} 2
                exchange_seconds_bucket{module="tokens",le="0.025"} 2
                exchange_seconds_bucket{module="tokens",le="0.05"} 3
                exchange_seconds_bucket{module="tokens",le="0.1"} 3
                exchange_seconds_bucket{module="tokens",le="0.25"} 3
                exchange_seconds_bucket{module="tokens",le="0.5"} 3
                exchange_seconds_bucket{module="tokens",le="1"} 3
                exchange_seconds_bucket{module="tokens",le="2.5"} 3
                exchange_seconds_bucket{module="tokens",le="5"} 3
                exchange_seconds_bucket{module="tokens",le="10"} 3
                exchange_seconds_bucket{module="tokens",le="30"} 3
                exchange_seconds_bucket{module="tokens",le="60"} 3
                exchange_seconds_bucket{module="tokens",le="+Inf"} 4
                exchange_seconds_sum{module="tokens"} 61.041
                exchange_seconds_count{module="tokens"} 4

                """ + Self.refused(0))
    }

    @Test func recordersAreHistogramsInPowersOfFour() {
        let recorder = Recorder(label: "batch", factory: metrics)
        recorder.record(1)
        recorder.record(5)
        recorder.record(1 << 29)
        recorder.record(Double.nan)
        let lines = text().split(separator: "\n")
        #expect(lines.contains(#"batch_bucket{le="1"} 1"#))
        #expect(lines.contains(#"batch_bucket{le="4"} 1"#))
        #expect(lines.contains(#"batch_bucket{le="16"} 2"#))
        #expect(lines.contains(#"batch_bucket{le="268435456"} 2"#))
        #expect(lines.contains(#"batch_bucket{le="+Inf"} 3"#))
        #expect(lines.contains("batch_sum 536870918"))
        #expect(lines.contains("batch_count 3"))
    }

    @Test func orderOfDimensionsDoesNotMatterAndSuffixesAreNotDoubled() {
        Counter(label: "sent_total", dimensions: [("a", "1"), ("b", "2")], factory: metrics).increment()
        Counter(label: "sent_total", dimensions: [("b", "2"), ("a", "1")], factory: metrics).increment()
        FloatingPointCounter(label: "sent_total", dimensions: [("a", "1"), ("b", "2"), ("a", "3")], factory: metrics).increment(by: 0.25)
        #expect(text().contains("\nsent_total{a=\"1\",b=\"2\"} 2.25\n"))
    }

    @Test func countersNeverFallExceptByReset() {
        let counter = Counter(label: "up", factory: metrics)
        counter.increment(by: 5)
        counter.increment(by: -2)
        #expect(text().contains("\nup_total 5\n"))
        counter.reset()
        #expect(text().contains("\nup_total 0\n"))
    }

    @Test func gaugesShowInfinitiesAndNaN() {
        let meter = Meter(label: "m", factory: metrics)
        for (value, shown) in [(Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (1e-5, "1e-05"), (0.1, "0.1")] {
            meter.set(value)
            #expect(text().contains("\nm \(shown)\n"))
        }
        meter.set(10)
        meter.increment(by: 2)
        meter.decrement(by: 0.5)
        #expect(text().contains("\nm 11.5\n"))
    }

    @Test func seriesBeyondTheLimitAreRefusedAndCounted() {
        let small = PrometheusMetrics(seriesLimit: 2, includesProcess: false)
        for party in 0..<5 {
            Counter(label: "c", dimensions: [("party", "\(party)")], factory: small).increment()
        }
        Counter(label: "c", dimensions: [("party", "1")], factory: small).increment()
        #expect(
            String(buffer: small.render()) == """
                # HELP c_total c
                # TYPE c_total counter
                c_total{party="0"} 1
                c_total{party="1"} 2

                """ + Self.refused(3))
    }

    @Test func aNameKeepsItsFirstKind() {
        Meter(label: "x", factory: metrics).set(1)
        Recorder(label: "x", factory: metrics).record(2)
        #expect(
            text() == Self.refused(1) + """
                # HELP x x
                # TYPE x gauge
                x 1

                """)
    }

    @Test func destroyedSeriesMakeRoom() {
        let small = PrometheusMetrics(seriesLimit: 1, includesProcess: false)
        let first = Counter(label: "a", factory: small)
        first.increment()
        first.destroy()
        first.destroy()
        Timer(label: "b", factory: small).recordSeconds(1)
        let text = String(buffer: small.render())
        #expect(!text.contains("a_total "))
        #expect(text.contains("b_seconds_count 1"))
        #expect(text.contains("refused_total 0"))
    }

    @Test func parallelUpdatesAreAllCounted() {
        let metrics = metrics
        DispatchQueue.concurrentPerform(iterations: 8) { worker in
            let counter = Counter(label: "events", factory: metrics)
            let seconds = FloatingPointCounter(label: "busy", factory: metrics)
            let timer = Timer(label: "step", factory: metrics)
            let meter = Meter(label: "level", factory: metrics)
            for _ in 0..<10_000 {
                counter.increment()
                seconds.increment(by: 0.5)
                timer.recordSeconds(2)
                worker < 4 ? meter.increment(by: 1) : meter.decrement(by: 0.5)
            }
        }
        let lines = text().split(separator: "\n")
        #expect(lines.contains("events_total 80000"))
        #expect(lines.contains("busy_total 40000"))
        #expect(lines.contains(#"step_seconds_bucket{le="1"} 0"#))
        #expect(lines.contains(#"step_seconds_bucket{le="2.5"} 80000"#))
        #expect(lines.contains("step_seconds_sum 160000"))
        #expect(lines.contains("step_seconds_count 80000"))
        #expect(lines.contains("level 20000"))
    }

    @Test func figuresOfTheProcessComeLast() {
        let text = String(buffer: PrometheusMetrics().render())
        #expect(text.hasPrefix(Self.refused(0) + "# HELP process_cpu_seconds_total "))
    }
}
