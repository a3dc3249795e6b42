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

/// What every command of the program sets up once.
enum Program {
    /// `ocn --version`, and `ocn_build_info`.
    static let version = "0.1.0"

    /// Starts logging to standard error and, with it, metrics.
    static func bootstrap(level: Logger.Level, metrics: PrometheusMetrics? = nil) {
        LogOutput.bootstrap(level: level)
        if let metrics {
            MetricsSystem.bootstrap(metrics)
            BuildMetrics(version: version).info.record(1)
        }
    }

    /// What the end of its terminal (SIGHUP) means to a program.
    enum HangUp {
        /// Nothing: others rely on it.
        case isIgnored
        /// A stop: nobody is there any more to see what comes of it. Not if it was started to outlive its terminal, as `nohup` does.
        case stops
    }

    /// Runs services until one ends or a signal asks to stop; the last listed stops first.
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
        // Whoever does not end by itself is cancelled; who does not end even then does not keep the program.
        configuration.maximumGracefulShutdownDuration = max(grace / 2, grace - .seconds(10))
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Whether whoever started this program has seen to it that it outlives its terminal.
    private static var isHangUpIgnored: Bool {
        // Bit n - 1 of the mask is signal n.
        let ignored = (try? TextFile.read("/proc/self/status"))?.split(separator: "\n")
            .first { $0.hasPrefix("SigIgn:") }.flatMap { UInt64($0.dropFirst("SigIgn:".count).drop(while: \.isWhitespace), radix: 16) }
        return (ignored ?? 0) >> UInt64(SIGHUP - 1) & 1 == 1
    }
}

/// Ends the program when its services do not end in time after a signal. What is lost by that is what a crash loses: nothing that was
/// acknowledged; what was under way comes again.
private struct LastResort: Service {
    let grace: Duration
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        guard !Task.isCancelled else { return }
        let seconds = Int(grace.components.seconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(max(1, seconds))) {
            logger.error("not everything ended within \(seconds) s (node.shutdown_seconds): leaving without it")
            LogOutput.flush()
            _exit(0)
        }
    }
}

/// Reads a log level from the command line.
func readLogLevel(_ text: String) throws -> Logger.Level {
    guard let level = Logger.Level(rawValue: text.lowercased()) else {
        throw ValidationError(
            "there is no log level '\(text)'; levels are \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return level
}
