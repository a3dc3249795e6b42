/// The declaration of a metric, from which its HELP and TYPE lines and its row in the table of metrics are made.
package struct MetricDeclaration: Sendable, Hashable {
    /// Prometheus' metric type.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// A label of every series of a metric.
    package struct Label: Sendable, Hashable {
        /// The name at `/metrics`.
        package let name: String
        /// The possible values; empty if they follow from the configuration, such as the name of a consumer group.
        package let values: [String]

        package init(_ name: String, values: [String] = []) {
            self.name = name
            self.values = values
        }
    }

    /// The name at `/metrics`: counters end in `_total`, durations and sizes in their unit.
    package let name: String
    /// The metric type.
    package let kind: Kind
    /// The unit: `seconds`, `bytes`, or the noun that is counted.
    package let unit: String
    /// The labels, in the order of the declaration.
    package let labels: [Label]
    /// One sentence for operators.
    package let help: String

    package init(_ name: String, _ kind: Kind, unit: String, labels: [Label] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
    }
}
