import NIOCore

/// What an operator can change about when a recipient is left alone, and for how long.
package struct BreakerSettings: Sendable {
    /// How far back calls count.
    package var window: Duration
    /// Calls within the window before it may open.
    package var minimumCalls: Int
    /// Part of the calls that must fail for it to open, percent.
    package var opensAtPercent: Int
    /// Part of the probes that may fail when it closes, percent.
    package var closesAtPercent: Int
    /// Calls that find out whether the recipient is back.
    package var probes: Int
    /// How long it stays open the first time; it doubles from there while the recipient stays away, with a fifth of jitter.
    package var pauseBase: Duration
    /// How long it stays open at most.
    package var pauseCap: Duration

    /// - Parameters: as the properties say.
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
