import ArgumentParser
import Dispatch
import Encoding
import Glibc
import Instruments
import Logging
import Metrics
import ServiceLifecycle
import Telemetry
import UnixSignals

/// Options that all long-running commands share.
struct LogOptions: ParsableArguments {
    @Option(help: "How much to log: trace, debug, info, notice, warning, error, critical.", transform: readLogLevel)
    var logLevel: Logger.Level = .info
}
