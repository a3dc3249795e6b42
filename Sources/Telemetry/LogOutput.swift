import Encoding
import Glibc
package import Logging
import Synchronization

/// The destination of log events: standard error, as short text on a terminal and as JSON lines otherwise.
///
/// Metadata under a name that looks secret (authorization, token, secret, password, credential, key) is replaced by `[redacted]`; messages
/// are not inspected. A queue of its own writes the lines, with a bound of 4 MiB: lines beyond it are dropped and counted, and the logging
/// thread never waits.
package struct LogOutput: LogHandler {
    /// The format of an event.
    package enum Style: Sendable, Equatable {
        /// One line for people.
        case text(colour: Bool)
        /// One JSON object on a line.
        case json
    }

    private let label: String
    private let style: Style
    private let writer: LogWriter

    /// The lowest level that is written.
    package var logLevel: Logger.Level
    /// Metadata of every event of this logger.
    package var metadata: Logger.Metadata = [:]
    /// Provides metadata at every event; the event's and the logger's own entries of the same name win.
    package var metadataProvider: Logger.MetadataProvider?

    init(label: String, level: Logger.Level, style: Style, writer: LogWriter, metadataProvider: Logger.MetadataProvider? = nil) {
        self.label = label
        self.logLevel = level
        self.style = style
        self.writer = writer
        self.metadataProvider = metadataProvider
    }

    /// Makes this the output of every `Logger` of the process. Call once, first in the program: swift-log traps at a second call.
    /// - Parameter style: nil for text if standard error is a terminal, else JSON.
    package static func bootstrap(level: Logger.Level, style: Style? = nil) {
        let chosen = style ?? (isatty(STDERR_FILENO) == 1 ? .text(colour: true) : .json)
        let writer = LogWriter(
            write: { LogWriter.write($0, to: STDERR_FILENO) }, reportDropped: { render(droppedLine(count: $0), style: chosen) })
        standardError.withLock { $0 = writer }
        LoggingSystem.bootstrap(
            { LogOutput(label: $0, level: level, style: chosen, writer: writer, metadataProvider: $1) }, metadataProvider: nil)
    }

    /// Waits, two seconds at most, until every queued line is written. Call before the process exits, not on an event loop.
    package static func flush() {
        standardError.withLock { $0 }?.flush(seconds: 2)
    }

    /// Renders the event on the calling thread and queues it; never blocks on output.
    package func log(event: LogEvent) {
        var merged = metadataProvider?.get() ?? [:]
        merged.merge(metadata) { $1 }
        if let own = event.metadata { merged.merge(own) { $1 } }
        if let error = event.error, merged["error"] == nil { merged["error"] = "\(error)" }
        let line = LogLine(time: .now, level: event.level, logger: label, message: event.message.description, metadata: merged)
        writer.append(Self.render(line, style: style))
    }

    /// Metadata of this logger by name.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Set at bootstrap.
    private static let standardError = Mutex<LogWriter?>(nil)

    private static func render(_ line: LogLine, style: Style) -> [UInt8] {
        switch style {
        case .json: line.json()
        case .text(let colour): line.text(colour: colour)
        }
    }

    private static func droppedLine(count: Int) -> LogLine {
        let message = "log lines dropped, output too slow"
        return LogLine(time: .now, level: .warning, logger: "log", message: message, metadata: ["dropped": .stringConvertible(count)])
    }
}
