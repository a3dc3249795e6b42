import Metrics

/// The metrics of one part of the program. Every stored property that is a metric belongs to the set, so that a new metric needs one line.
///
/// The program lists the sets (`ProgramMetrics` in `ocn`); the documentation's table and the HELP texts are made from them.
package protocol MetricSet: Sendable {
    /// An instance of which only the declarations are read.
    static var sample: Self { get }
}

extension MetricSet {
    /// The declarations of the set's metrics, in the order of its properties.
    package static var declarations: [MetricDeclaration] {
        withMetricsFactory(NOOPMetricsHandler.instance) {
            Mirror(reflecting: sample).children.compactMap { ($0.value as? any DeclaredMetric)?.declaration }
        }
    }
}
