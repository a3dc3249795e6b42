import Control
import Delivery
import Directory
import Inbound
import Ingress
package import Instruments
import Kafka
import Matcher
import Telemetry

/// All metrics of the program.
package enum ProgramMetrics {
    private static let sets: [any MetricSet.Type] = [
        BuildMetrics.self, ConnectionMetrics.self, GroupMetrics.self, ProducerMetrics.self, StateMetrics.self, LinkMetrics.self,
        InboundMetrics.self, IngressMetrics.self, ExchangeMetrics.self, ResigningMetrics.self, MatcherMetrics.self, PushMetrics.self,
        ControlMetrics.self,
        ClockMetrics.self,
    ]

    /// Sorted by name.
    package static var declarations: [MetricDeclaration] {
        (sets.flatMap { $0.declarations } + PrometheusMetrics.declarations).sorted { $0.name < $1.name }
    }

    /// The article on metrics in the documentation.
    package static var article: String {
        let rows = declarations.map { metric in
            "| `\(metric.name)` | \(metric.kind.rawValue) | \(metric.unit) | \(metric.labels.map(text).joined(separator: "; ")) | \(metric.help) |"
        }
        return """
            # Metrics

            Everything that `GET /metrics` on the private port can show.

            ## Overview

            This page is the output of `ocn metrics`. A process shows the metrics of its own roles. Counters, timers and histograms count
            since the process started: add them up over the processes of a node. `process_…` are the figures of the kernel.

            | metric | kind | unit | labels | meaning |
            |---|---|---|---|---|
            \(rows.joined(separator: "\n"))

            """
    }

    private static func text(of label: MetricDeclaration.Label) -> String {
        label.values.isEmpty ? "`\(label.name)`" : "`\(label.name)`: \(label.values.joined(separator: ", "))"
    }
}
