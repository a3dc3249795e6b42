import NIOCore

/// The settings of recipients' breakers.
package struct BreakerSettings: Sendable {
    /// Period over which calls are counted.
    package var window: Duration
    /// Minimum number of calls in the window before the breaker may open.
    package var minimumCalls: Int
    /// Failure rate at which the breaker opens, percent.
    package var opensAtPercent: Int
    /// Highest failure rate of the probes at which the breaker closes, percent.
    package var closesAtPercent: Int
    /// Number of probes that decide whether the breaker closes.
    package var probes: Int
    /// How long the breaker stays open the first time. It doubles with every reopening, with 20 % jitter.
    package var pauseBase: Duration
    /// The longest time that the breaker stays open.
    package var pauseCap: Duration

    package init(
        window: Duration = .seconds(30), minimumCalls: Int = 20, opensAtPercent: Int = 50, closesAtPercent: Int = 20, probes: Int = 3,
        pauseBase: Duration = .seconds(5), pauseCap: Duration = .seconds(60)
    ) {
        self.window = window
        self.minimumCalls = minimumCalls
        self.opensAtPercent = opensAtPercent
        self.closesAtPercent = closesAtPercent
        self.probes = probes
        self.pauseBase = pauseBase
        self.pauseCap = pauseCap
    }
}

extension Breaker.Settings {
    init(_ settings: BreakerSettings) {
        self.init(
            window: .init(settings.window), minimumCalls: settings.minimumCalls, opensAt: Double(settings.opensAtPercent) / 100,
            closesAt: Double(settings.closesAtPercent) / 100, probes: settings.probes,
            pause: Backoff(base: .init(settings.pauseBase), cap: .init(settings.pauseCap)))
    }
}
