package import Instruments
package import Metrics
package import NIOCore
import Synchronization

/// Keeps all metrics of the program, and renders them as Prometheus text.
///
/// Names: `.` and other characters become `_`; counters end in `_total`, timers in `_seconds`. The same label and dimensions give the same
/// series. Making a metric takes a lock, so keep the handle; counting and recording take none. At `seriesLimit` no series is added any
/// more: the measurements of a new one are dropped and `ocn_telemetry_series_refused_total` rises. The same happens to a name that is in
/// use for another kind of metric. Any thread may call.
package final class PrometheusMetrics: Sendable {
    private struct Family {
        let kind: Kind
        let help: String
        var series: [String: any Series] = [:]
    }

    private enum Kind: Equatable {
        case counter, gauge, sizes, durations

        var suffix: String {
            switch self {
            case .counter: "_total"
            case .durations: "_seconds"
            case .gauge, .sizes: ""
            }
        }

        var type: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .sizes, .durations: "histogram"
            }
        }
    }

    private struct State {
        var families: [String: Family] = [:]
        var seriesCount = 0
    }

    private let seriesLimit: Int
    private let help: [String: String]
    private let includesProcess: Bool
    private let refused = CounterSeries(labels: "")
    private let state: Mutex<State>

    /// - Parameters:
    ///   - seriesLimit: the most series of all names together; a histogram counts once.
    ///   - declared: the source of HELP texts; a metric that is not declared has its label as text.
    ///   - includesProcess: whether `render` appends the figures of this process.
    package init(seriesLimit: Int = 10_000, declared: [MetricDeclaration] = [], includesProcess: Bool = true) {
        self.seriesLimit = seriesLimit
        self.help = Dictionary(declared.map { ($0.name, $0.help) }) { first, _ in first }
        self.includesProcess = includesProcess
        let own = Family(kind: .counter, help: Self.refusals.help, series: ["": refused])
        self.state = Mutex(State(families: [Self.refusals.name: own]))
    }

    private static let refusals = MetricDeclaration(
        "ocn_telemetry_series_refused_total", .counter, unit: "series",
        "Series that are not shown: there are too many, or a name is used for two kinds.")

    /// The declarations of the metrics that `render` adds by itself.
    package static var declarations: [MetricDeclaration] { [refusals] + ProcessMetrics.declarations }

    /// All metrics in text exposition format 0.0.4, sorted by name and labels.
    package func render() -> ByteBuffer {
        let families = state.withLock { $0.families }
        var buffer = ByteBuffer()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            MetricText.writeHead(name, type: family.kind.type, help: family.help, into: &buffer)
            for (_, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name: name, into: &buffer)
            }
        }
        if includesProcess { ProcessMetrics.current()?.write(into: &buffer) }
        return buffer
    }

    private func series<S: Series>(_ kind: Kind, _ label: String, _ dimensions: [(String, String)], make: (String) -> S) -> S? {
        let name = MetricText.name(label, suffix: kind.suffix)
        let labels = MetricText.labels(dimensions)
        let series: S? = state.withLock { state in
            if let family = state.families[name] {
                guard family.kind == kind else { return nil }
                if let known = family.series[labels] { return known as? S }
            }
            guard state.seriesCount < seriesLimit else { return nil }
            state.seriesCount += 1
            let new = make(labels)
            state.families[name, default: Family(kind: kind, help: help[name] ?? label)].series[labels] = new
            return new
        }
        if series == nil { refused.increment(by: Int64(1)) }
        return series
    }

    private func remove(_ handler: AnyObject) {
        guard let series = handler as? any Series, series !== refused else { return }
        state.withLock { state in
            for (name, family) in state.families where family.series[series.labels] === series {
                state.families[name]?.series[series.labels] = nil
                if family.series.count == 1 { state.families[name] = nil }
                state.seriesCount -= 1
            }
        }
    }
}

extension PrometheusMetrics: MetricsFactory {
    /// The counter of this label and dimensions.
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(.counter, label, dimensions, make: CounterSeries.init) ?? NOOPMetricsHandler.instance
    }

    /// The counter of this label and dimensions; the same one as from `makeCounter`.
    package func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        series(.counter, label, dimensions, make: CounterSeries.init) ?? NOOPMetricsHandler.instance
    }

    /// The gauge of this label and dimensions.
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(.gauge, label, dimensions, make: GaugeSeries.init) ?? NOOPMetricsHandler.instance
    }

    /// A histogram in powers of four if it aggregates, else a gauge.
    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return series(.gauge, label, dimensions, make: GaugeSeries.init) ?? NOOPMetricsHandler.instance }
        return series(.sizes, label, dimensions) { HistogramSeries(labels: $0, limits: .sizes) } ?? NOOPMetricsHandler.instance
    }

    /// A histogram in seconds.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(.durations, label, dimensions) { HistogramSeries(labels: $0, limits: .seconds) } ?? NOOPMetricsHandler.instance
    }

    /// Removes the series; remaining handles of it have no effect.
    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }

    /// Removes the series; remaining handles of it have no effect.
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }

    /// Removes the series; remaining handles of it have no effect.
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }

    /// Removes the series; remaining handles of it have no effect.
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }

    /// Removes the series; remaining handles of it have no effect.
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
