package import Logging
import Synchronization

/// Records the log lines of a test's clients.
package final class LogLines: Sendable {
    /// One line.
    package struct Line: Sendable, CustomStringConvertible {
        /// The level.
        package let level: Logger.Level
        /// The message.
        package let text: String
        /// The metadata.
        package let metadata: [String: String]

        /// Level and message, like `warning text`.
        package var description: String { "\(level) \(text)" }
    }

    private let lines = Mutex<[Line]>([])

    /// An empty record.
    package init() {}

    /// A logger that writes here.
    package var logger: Logger {
        var logger = Logger(label: "captured") { _ in Handler(lines: self) }
        logger.logLevel = .debug
        return logger
    }

    /// All lines so far.
    package var all: [Line] { lines.withLock { $0 } }

    /// The lines of level notice and above.
    package var notable: [Line] { all.filter { $0.level >= .notice } }

    fileprivate func add(_ line: Line) { lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.add(Line(level: event.level, text: "\(event.message)", metadata: (event.metadata ?? [:]).mapValues { "\($0)" }))
        }
    }
}
