package import Logging
import Synchronization

/// What a test's clients log, to be counted.
package final class LogLines: Sendable {
    /// One line.
    package struct Line: Sendable, CustomStringConvertible {
        /// How grave it is.
        package let level: Logger.Level
        /// What it says.
        package let text: String
        /// What goes with it.
        package let metadata: [String: String]

        /// `warning text`.
        package var description: String { "\(level) \(text)" }
    }

    private let lines = Mutex<[Line]>([])

    /// Nothing yet.
    package init() {}

    /// Writes here.
    package var logger: Logger {
        var logger = Logger(label: "captured") { _ in Handler(lines: self) }
        logger.logLevel = .debug
        return logger
    }

    /// All so far.
    package var all: [Line] { lines.withLock { $0 } }

    /// Those that an operator is to see.
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
