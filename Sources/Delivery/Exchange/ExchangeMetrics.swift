import Metrics
import NIOCore
import Topics

/// EXCHANGE's handles, made once.
struct ExchangeMetrics: Sendable {
    /// Why a request was answered at once that might have been sent.
    enum Refusal: String, CaseIterable {
        /// The recipient, or this process, has as much in hand as it may.
        case busy
        /// The recipient does not answer.
        case breaker
    }

    private let outcomes: [Outcome: Counter]
    private let durations: [Outcome: Timer]
    private let refusals: [Refusal: Counter]
    private let inFlight = Gauge(label: "ocn_exchange_in_flight")
    private let breakers = Gauge(label: "ocn_exchange_open_breakers")
    let breakerOpenings = Counter(label: "ocn_exchange_breaker_openings_total")
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
        refusals = Dictionary(
            uniqueKeysWithValues: Refusal.allCases.map {
                ($0, Counter(label: "ocn_exchange_refusals_total", dimensions: [("reason", $0.rawValue)]))
            })
    }

    func ended(_ outcome: Outcome, after time: TimeAmount) {
        outcomes[outcome]?.increment()
        durations[outcome]?.recordNanoseconds(max(0, time.nanoseconds))
    }

    func refused(_ reason: Refusal) { refusals[reason]?.increment() }

    /// - Parameters:
    ///   - calls: requests that have a place.
    ///   - unanswering: recipients whose breaker is not closed.
    func inFlight(_ calls: Int, unanswering: Int) {
        inFlight.record(calls)
        breakers.record(unanswering)
    }
}
