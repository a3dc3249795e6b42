import Instruments
import Metrics
import NIOCore
import Telemetry
import Testing

/// Metrics that are declared where they are made.
@Suite struct InstrumentsTests {
    private enum Colour: String, CaseIterable { case red, green }

    private struct Shop: MetricSet {
        let visitors: CounterMetric
        let length = GaugeMetric("ocn_shop_queue", unit: "customers", "Customers who wait.")
        let time = TimerFamily<Colour>("ocn_shop_visit_seconds", unit: "seconds", label: "colour", "How long customers stay.")
        let total: TotalMetric
        let isOpen = true

        static var sample: Shop { Shop(town: "") }

        init(town: String) {
            visitors = CounterMetric("ocn_shop_visitors_total", unit: "customers", labels: ["town": town], "Customers.")
            total = TotalMetric("ocn_shop_sold_total", unit: "things", labels: ["town": town], "Things sold.")
        }
    }

    private func text(_ declared: [MetricDeclaration] = [], _ body: () -> Void) -> [Substring] {
        let metrics = PrometheusMetrics(declared: declared, includesProcess: false)
        withMetricsFactory(metrics, body)
        return String(buffer: metrics.render()).split(separator: "\n")
    }

    @Test func aSetDeclaresEveryMetricAmongItsProperties() {
        #expect(
            Shop.declarations == [
                MetricDeclaration("ocn_shop_visitors_total", .counter, unit: "customers", labels: [.init("town")], "Customers."),
                MetricDeclaration("ocn_shop_queue", .gauge, unit: "customers", "Customers who wait."),
                MetricDeclaration(
                    "ocn_shop_visit_seconds", .histogram, unit: "seconds", labels: [.init("colour", values: ["red", "green"])],
                    "How long customers stay."),
                MetricDeclaration("ocn_shop_sold_total", .counter, unit: "things", labels: [.init("town")], "Things sold."),
            ])
    }

    @Test func listingDeclarationsShowsNoSeries() {
        #expect(!text { _ = Shop.declarations }.contains { $0.hasPrefix("ocn_shop") })
    }

    @Test func helpAndTypeComeFromTheDeclarationAndEverySeriesIsThereFromTheStart() {
        let lines = text(Shop.declarations) { _ = Shop(town: "Bern") }
        #expect(lines.contains("# HELP ocn_shop_visitors_total Customers."))
        #expect(lines.contains("# TYPE ocn_shop_visitors_total counter"))
        #expect(lines.contains(#"ocn_shop_visitors_total{town="Bern"} 0"#))
        #expect(lines.contains(#"ocn_shop_visit_seconds_count{colour="red"} 0"#))
        #expect(lines.contains(#"ocn_shop_visit_seconds_count{colour="green"} 0"#))
    }

    @Test func aTotalIsCountedOnceAndBeginsAnewWhenItFalls() {
        let lines = text {
            let shop = Shop(town: "Bern")
            for total in [3, 3, 5, 2] { shop.total.record(total) }
        }
        #expect(lines.contains(#"ocn_shop_sold_total{town="Bern"} 7"#))
    }

    @Test func aKeyWithoutASeriesIsNotCounted() {
        let lines = text {
            let doors = CounterFamily<Int>(
                "ocn_doors_total", unit: "doors", labels: ["number", "side"], series: [(1, ["one", "left"])], "Doors.")
            doors.increment(1)
            doors.increment(2)
        }
        #expect(lines.filter { $0.hasPrefix("ocn_doors") } == [#"ocn_doors_total{number="one",side="left"} 1"#])
    }
}
