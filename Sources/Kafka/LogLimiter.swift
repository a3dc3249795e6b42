import Logging
import Synchronization

/// The recent lines of several logs, so that none of them repeats one.
package final class LogLimiter: Sendable {
    struct Kind: Hashable {
        let level: Logger.Level
        let name: String
    }

    let throttle: Mutex<LogThrottle<Kind>>

    /// - Parameter interval: how long further lines of a kind are suppressed after one was written.
    package init(interval: Duration = .seconds(60)) {
        throttle = Mutex(LogThrottle(interval: interval))
    }
}
