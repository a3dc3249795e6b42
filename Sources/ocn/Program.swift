import ArgumentParser
import Dispatch
import Encoding
import Glibc
import Instruments
import Logging
import Metrics
import Node
import ServiceLifecycle
import Telemetry
import UnixSignals

/// The setup that all commands share.
enum Program {
    /// The version, for `ocn --version` and `ocn_build_info`.
    static let version = "0.1.0"

    /// Starts logging to standard error and, with it, metrics.
    static func bootstrap(level: Logger.Level, metrics: PrometheusMetrics? = nil) {
        LogOutput.bootstrap(level: level)
        if let metrics {
            MetricsSystem.bootstrap(metrics)
            BuildMetrics(version: version).info.record(1)
        }
    }

    /// The effect of SIGHUP, which the end of the terminal sends.
    enum HangUp {
        /// It is ignored, because others depend on the program.
        case isIgnored
        /// It stops the program, because its output can no longer be read. It is ignored if the program was started to outlive its
        /// terminal, as with `nohup`.
        case stops
    }

    /// Runs services until one ends or a signal asks to stop; the last one listed stops first.
    static func run(_ services: [any Service], grace: Duration, hangUp: HangUp, logger: Logger) async throws {
        var signals: [UnixSignal] = [.sigterm, .sigint]
        switch hangUp {
        case .isIgnored: signal(SIGHUP, SIG_IGN)
        case .stops: if !isHangUpIgnored { signals.append(.sighup) }
        }
        var configuration = ServiceGroupConfiguration(
            services: (services + [LastResort(grace: grace, logger: logger)]).map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: signals, logger: logger)
        // A service that does not end is cancelled; one that does not end even then must not keep the program running.
        configuration.maximumGracefulShutdownDuration = max(grace / 2, grace - .seconds(10))
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Whether the program was started with SIGHUP ignored.
    private static var isHangUpIgnored: Bool {
        // Bit n - 1 of the mask is signal n.
        let ignored = (try? TextFile.read("/proc/self/status"))?.split(separator: "\n")
            .first { $0.hasPrefix("SigIgn:") }.flatMap { UInt64($0.dropFirst("SigIgn:".count).drop(while: \.isWhitespace), radix: 16) }
        return (ignored ?? 0) >> UInt64(SIGHUP - 1) & 1 == 1
    }
}

/// Ends the program when its services do not end in time after a signal. The effect is that of a crash: nothing acknowledged is lost, and
/// running work is repeated.
private struct LastResort: Service {
    let grace: Duration
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        guard !Task.isCancelled else { return }
        let seconds = Int(grace.components.seconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(max(1, seconds))) {
            logger.error("not all services ended within \(seconds) s (node.shutdown_seconds): exiting without them")
            LogOutput.flush()
            _exit(0)
        }
    }
}

/// Parses a log level from the command line.
func readLogLevel(_ text: String) throws -> Logger.Level {
    guard let level = Logger.Level(rawValue: text.lowercased()) else {
        throw ValidationError(
            "there is no log level '\(text)'; levels are \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return level
}
