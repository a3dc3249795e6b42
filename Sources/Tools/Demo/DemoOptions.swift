import Directory
import Kafka
import OCPI

/// The options of the demo.
package struct DemoOptions: Sendable {
    /// Whether the output is one JSON object per line instead of text.
    package var json: Bool
    /// Whether everything keeps running after a successful scenario, until the task is cancelled or shut down gracefully.
    package var keepRunning: Bool
    /// Whether the text is coloured.
    package var color: Bool

    package init(json: Bool = false, keepRunning: Bool = false, color: Bool = false) {
        self.json = json
        self.keepRunning = keepRunning
        self.color = color
    }
}
