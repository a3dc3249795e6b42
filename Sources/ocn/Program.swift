import ArgumentParser
import Logging
import Metrics
import ServiceLifecycle
import Telemetry
import UnixSignals

/// What every command of the program sets up once.
enum Program {
    /// Starts logging to standard error and, with it, metrics.
    static func bootstrap(level: Logger.Level, metrics: PrometheusMetrics? = nil) {
        LogOutput.bootstrap(level: level)
        if let metrics { MetricsSystem.bootstrap(metrics) }
    }

    /// Runs services until one ends or a signal asks to stop; the last listed stops first.
    static func run(_ services: [any Service], grace: Duration, logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = grace
        configuration.maximumCancellationDuration = .seconds(20)
        try await ServiceGroup(configuration: configuration).run()
    }
}

/// Options that all long-running commands share.
struct LogOptions: ParsableArguments {
    @Option(help: "How much to log: trace, debug, info, notice, warning, error, critical.", transform: readLogLevel)
    var logLevel: Logger.Level = .info
}

/// Reads a log level from the command line.
func readLogLevel(_ text: String) throws -> Logger.Level {
    guard let level = Logger.Level(rawValue: text.lowercased()) else {
        throw ValidationError(
            "there is no log level '\(text)'; levels are \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return level
}
