import Directory
import Kafka
import Topics

/// An unmet expectation of the scenario.
package struct DemoFailure: Error, CustomStringConvertible {
    /// The step, 1 to 8; 0 during the start.
    package let step: Int
    /// What was expected and what was found.
    package let reason: String

    package init(step: Int, reason: String) {
        self.step = step
        self.reason = reason
    }

    package var description: String { step == 0 ? "start: \(reason)" : "step \(step): \(reason)" }
}
