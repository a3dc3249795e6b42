import Directory
import Kafka
import Topics

/// The result of the scenario.
package struct DemoResult: Sendable, Equatable {
    /// Whether every step succeeded and no copy was sent without permission.
    package let ok: Bool
    /// Whether the steps 1 to 8 succeeded. A step that was not reached did not.
    package let steps: [Int: Bool]
    /// The failure as text; nil if there was none.
    package let reason: String?
    /// Number of requests that the billing service received from senders without an agreement.
    package let copiesWithoutPermission: Int
    /// From the start of the clusters to the last check.
    package let seconds: Double
}
