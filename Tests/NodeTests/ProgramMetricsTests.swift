import Instruments
import Support
import Testing

@testable import Node

/// What can stand at `/metrics` is declared, documented and written as Prometheus wants it.
@Suite struct ProgramMetricsTests {
    @Test func theDocumentationListsEveryMetric() throws {
        let path = "Sources/Telemetry/Telemetry.docc/Metrics.md"
        #expect(try ProjectFiles.text(path) == ProgramMetrics.article, "write it anew: .build/debug/ocn metrics > \(path)")
    }

    @Test func namesSayWhoseMetricItIsAndInWhichUnit() {
        let declarations = ProgramMetrics.declarations
        #expect(Set(declarations.map(\.name)).count == declarations.count, "a name is declared once")
        for metric in declarations {
            #expect(metric.name.hasPrefix("ocn_") || metric.name.hasPrefix("process_"), "\(metric.name)")
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            for unit in ["seconds", "bytes"] {
                let base = metric.name.hasSuffix("_total") ? metric.name.dropLast("_total".count) : metric.name[...]
                #expect(base.hasSuffix("_" + unit) == (metric.unit == unit), "\(metric.name): \(metric.unit)")
            }
            #expect(metric.help.hasSuffix(".") && !metric.help.contains(metric.name), "\(metric.name): \(metric.help)")
            #expect(!metric.unit.isEmpty, "\(metric.name)")
        }
    }
}
