import Directory
import Kafka
import OCPI

/// How to run and show the demo.
package struct DemoOptions: Sendable {
    /// One JSON object per line instead of text.
    package var json: Bool
    /// After a scenario that went well, leave everything up until the task is cancelled or told to shut down gracefully.
    package var keepRunning: Bool
    /// Colours in the text.
    package var color: Bool

    /// - Parameters: as the properties say.
    package init(json: Bool = false, keepRunning: Bool = false, color: Bool = false) {
        self.json = json
        self.keepRunning = keepRunning
        self.color = color
    }
}
