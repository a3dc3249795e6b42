/// Something that measures and says what.
package protocol DeclaredMetric: Sendable {
    /// What is measured.
    var declaration: MetricDeclaration { get }
}
