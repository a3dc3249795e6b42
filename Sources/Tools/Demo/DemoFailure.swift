import Directory
import Kafka
import Topics

/// An expectation of the scenario that did not hold.
package struct DemoFailure: Error, CustomStringConvertible {
    /// 1 to 8; 0 while things start.
    package let step: Int
    /// What was expected and what was found.
    package let reason: String

    /// - Parameters: as the properties say.
    package init(step: Int, reason: String) {
        self.step = step
        self.reason = reason
    }

    package var description: String { step == 0 ? "start: \(reason)" : "step \(step): \(reason)" }
}
