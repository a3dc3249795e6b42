import Directory
import Kafka
import Topics

/// How the scenario went.
package struct DemoResult: Sendable, Equatable {
    /// Whether every step held and no copy went out without permission.
    package let ok: Bool
    /// Step 1 to 8: whether it held. A step that was not reached did not.
    package let steps: [Int: Bool]
    /// What failed, in words; nil if nothing did.
    package let reason: String?
    /// Requests that the billing service received from senders that had not agreed.
    package let copiesWithoutPermission: Int
    /// From the start of the clusters to the last check.
    package let seconds: Double
}
