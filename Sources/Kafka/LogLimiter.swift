import Logging
import Synchronization

/// The lines that several logs have written lately, so that none of them repeats one.
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
