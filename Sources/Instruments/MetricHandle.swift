package import Metrics

/// A handle of swift-metrics that can be made from a declaration.
package protocol MetricHandle: Sendable {
    /// The handle's metric type.
    static var kind: MetricDeclaration.Kind { get }

    /// Makes the handle of that name and those labels in the metrics system of the present task.
    static func make(_ name: String, _ labels: [(String, String)]) -> Self
}

extension Counter: MetricHandle {
    /// Counters only rise.
    package static var kind: MetricDeclaration.Kind { .counter }

    /// Makes the handle in the metrics system of the present task.
    package static func make(_ name: String, _ labels: [(String, String)]) -> Counter { Counter(label: name, dimensions: labels) }
}

extension Gauge: MetricHandle {
    /// Gauges show the last value.
    package static var kind: MetricDeclaration.Kind { .gauge }

    /// Makes the handle in the metrics system of the present task.
    package static func make(_ name: String, _ labels: [(String, String)]) -> Gauge { Gauge(label: name, dimensions: labels) }
}

extension Timer: MetricHandle {
    /// Timers are histograms in seconds.
    package static var kind: MetricDeclaration.Kind { .histogram }

    /// Makes the handle in the metrics system of the present task.
    package static func make(_ name: String, _ labels: [(String, String)]) -> Timer { Timer(label: name, dimensions: labels) }
}
