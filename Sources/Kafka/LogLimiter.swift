import Logging
import Synchronization

/// What several logs have told lately, so that none of them tells it again.
package final class LogLimiter: Sendable {
    struct Kind: Hashable {
        let level: Logger.Level
        let name: String
    }

    let throttle: Mutex<LogThrottle<Kind>>

    /// - Parameter interval: how long a kind of line is held back after one was shown.
    package init(interval: Duration = .seconds(60)) {
        throttle = Mutex(LogThrottle(interval: interval))
    }
}
