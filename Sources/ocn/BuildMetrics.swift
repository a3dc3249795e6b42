import Control
import Delivery
import Directory
import Inbound
import Ingress
import Instruments
import Kafka
import Matcher
import Telemetry

/// The version of this program.
struct BuildMetrics: MetricSet {
    let info: GaugeMetric

    static var sample: BuildMetrics { BuildMetrics(version: "") }

    init(version: String) {
        info = GaugeMetric("ocn_build_info", unit: "1", labels: ["version": version], "Always 1; the label says which version runs.")
    }
}
