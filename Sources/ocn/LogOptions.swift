import ArgumentParser
import Dispatch
import Glibc
import Logging
import Metrics
import Telemetry
import UnixSignals

/// Options that all long-running commands share.
struct LogOptions: ParsableArguments {
    @Option(help: "How much to log: trace, debug, info, notice, warning, error, critical.", transform: readLogLevel)
    var logLevel: Logger.Level = .info
}
