/// A metric with a declaration.
package protocol DeclaredMetric: Sendable {
    /// The metric's declaration.
    var declaration: MetricDeclaration { get }
}
