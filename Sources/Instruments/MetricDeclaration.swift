/// What a metric is. Its HELP and TYPE lines and its row in the table of metrics follow from this.
package struct MetricDeclaration: Sendable, Hashable {
    /// As Prometheus tells them apart.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// A label of every series of a metric.
    package struct Label: Sendable, Hashable {
        /// As at `/metrics`.
        package let name: String
        /// Its values; none if they follow from the configuration, such as the name of a consumer group.
        package let values: [String]

        /// - Parameters: as the properties say.
        package init(_ name: String, values: [String] = []) {
            self.name = name
            self.values = values
        }
    }

    /// As at `/metrics`: counters end in `_total`, what is measured in seconds or bytes in that unit.
    package let name: String
    /// What Prometheus may do with it.
    package let kind: Kind
    /// What one is: `seconds`, `bytes`, or the noun that is counted.
    package let unit: String
    /// In the order of the declaration.
    package let labels: [Label]
    /// One sentence for people who operate the node.
    package let help: String

    /// - Parameters: as the properties say.
    package init(_ name: String, _ kind: Kind, unit: String, labels: [Label] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
    }
}
