import ArgumentParser
import Node

/// `ocn metrics`: lists the metrics at `/metrics`.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "List every metric with its kind, unit, labels and meaning, as a Markdown page.",
        discussion: """
            Needs no node. A running node shows the values at http://HOST:PRIVATE-PORT/metrics, for Prometheus.

            Example:
              ocn metrics > Sources/Telemetry/Telemetry.docc/Metrics.md    # what the tests ask for after a change
            """)

    func run() { print(ProgramMetrics.article, terminator: "") }
}
