import Metrics

/// The metrics of one part of the program. Every stored property that is a metric belongs to it: adding one is one line.
///
/// The program lists the sets (`ProgramMetrics` in `ocn`); the documentation's table and the HELP texts come from there.
package protocol MetricSet: Sendable {
    /// Some instance, of which only the declarations are read.
    static var sample: Self { get }
}

extension MetricSet {
    /// What the set's metrics are, in the order of its properties.
    package static var declarations: [MetricDeclaration] {
        withMetricsFactory(NOOPMetricsHandler.instance) {
            Mirror(reflecting: sample).children.compactMap { ($0.value as? any DeclaredMetric)?.declaration }
        }
    }
}
