import Metrics
import NIOCore
import Topics

/// EXCHANGE's handles, made once.
struct ExchangeMetrics: Sendable {
    private let outcomes: [Outcome: Counter]
    private let durations: [Outcome: Timer]
    private let inFlight = Gauge(label: "ocn_exchange_in_flight")
    let malformed = Counter(label: "ocn_exchange_malformed_records_total")
    let repeats = Counter(label: "ocn_exchange_connection_retries_total")
    let answeredAgain = Counter(label: "ocn_exchange_repeated_requests_total")
    let repliesTooLarge = Counter(label: "ocn_exchange_replies_too_large_total")
    let repliesLost = Counter(label: "ocn_exchange_replies_lost_total")

    init() {
        func each<Handle>(_ make: ([(String, String)]) -> Handle) -> [Outcome: Handle] {
            Dictionary(uniqueKeysWithValues: Outcome.allCases.map { ($0, make([("outcome", $0.rawValue)])) })
        }
        outcomes = each { Counter(label: "ocn_exchange_requests_total", dimensions: $0) }
        durations = each { Timer(label: "ocn_exchange_duration", dimensions: $0) }
    }

    func ended(_ outcome: Outcome, after time: TimeAmount) {
        outcomes[outcome]?.increment()
        durations[outcome]?.recordNanoseconds(max(0, time.nanoseconds))
    }

    func inFlight(_ calls: Int) { inFlight.record(calls) }
}
