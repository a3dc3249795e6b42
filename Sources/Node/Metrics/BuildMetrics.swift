package import Instruments

/// Which program this is.
package struct BuildMetrics: MetricSet {
    /// Set to 1.
    package let info: GaugeMetric

    /// For the list of all metrics.
    package static var sample: BuildMetrics { BuildMetrics(version: "") }

    /// - Parameter version: of the program.
    package init(version: String) {
        info = GaugeMetric("ocn_build_info", unit: "1", labels: ["version": version], "Always 1; the label says which version runs.")
    }
}
