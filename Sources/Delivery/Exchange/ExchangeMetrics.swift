import Instruments
import NIOCore
import Topics

/// EXCHANGE's metrics, made once.
package struct ExchangeMetrics: MetricSet {
    /// Why a request was answered without being sent.
    enum Refusal: String, CaseIterable {
        /// The queue of the recipient, or of this process, is full.
        case busy
        /// The recipient's breaker is open.
        case breaker
        /// An earlier owner of the partition may have sent the request, and it must not be sent twice.
        case inDoubt = "in_doubt"
    }

    /// The reason why a request waits.
    enum Wait: String, CaseIterable {
        /// No place is free under its recipient's limit.
        case place
        /// The start intent is not acknowledged yet.
        case intent
    }

    private let outcomes = CounterFamily<ReplyOutcome>(
        "ocn_exchange_requests_total", unit: "requests", label: "outcome", "Requests that were answered to their caller, by how they ended."
    )
    private let durations = TimerFamily<ReplyOutcome>(
        "ocn_exchange_duration_seconds", unit: "seconds", label: "outcome",
        "Time from reading a request to having its answer, by how it ended.")
    private let refusals = CounterFamily<Refusal>(
        "ocn_exchange_refusals_total", unit: "requests", label: "reason",
        "Requests that were answered without being sent: too much waits, the recipient does not answer, or the outcome is in doubt.")
    private let waiting = GaugeFamily<Wait>(
        "ocn_exchange_waiting", unit: "requests", label: "for", "Requests that wait to be sent: for a place, or for Kafka's word.")
    private let waits = TimerFamily<Wait>(
        "ocn_exchange_wait_seconds", unit: "seconds", label: "for", "How long requests waited to be sent.")
    private let inFlight = GaugeMetric("ocn_exchange_in_flight", unit: "requests", "Requests that are being sent to recipients.")
    private let breakers = GaugeMetric(
        "ocn_exchange_open_breakers", unit: "recipients", "Recipients that do not answer and get hardly any requests.")
    let breakerOpenings = CounterMetric(
        "ocn_exchange_breaker_openings_total", unit: "openings", "Times a recipient was found not to answer.")
    let malformed = CounterMetric(
        "ocn_exchange_malformed_records_total", unit: "records", "Records of the topic of requests that could not be read.")
    let implausible = CounterMetric(
        "ocn_exchange_implausible_records_total", unit: "records",
        "Requests that were refused because their time, deadline or state version cannot be true.")
    let retries = CounterMetric(
        "ocn_exchange_connection_retries_total", unit: "requests",
        "Requests that were tried again at once because the first connection did not take them.")
    let answeredAgain = CounterMetric(
        "ocn_exchange_repeated_requests_total", unit: "requests",
        "Repeats by a client that got the first answer and were not sent a second time.")
    let repliesTooLarge = CounterMetric(
        "ocn_exchange_replies_too_large_total", unit: "replies", "Answers that were too large for a record.")
    let repliesLost = CounterMetric(
        "ocn_exchange_replies_lost_total", unit: "replies", "Answers that Kafka did not take; their callers were answered by the deadline.")

    /// For the list of all metrics.
    package static var sample: ExchangeMetrics { ExchangeMetrics() }

    func ended(_ outcome: ReplyOutcome, after time: TimeAmount) {
        outcomes.increment(outcome)
        durations.recordNanoseconds(max(0, time.nanoseconds), outcome)
    }

    func refused(_ reason: Refusal) { refusals.increment(reason) }

    /// Records the time of a wait that has ended, with any result.
    func waited(_ time: TimeAmount, for wait: Wait) { waits.recordNanoseconds(max(0, time.nanoseconds), wait) }

    /// Sets the gauges whose values have changed.
    func record(_ figures: ExchangeFigures, before: ExchangeFigures) {
        if figures.waitingForIntent != before.waitingForIntent { waiting.record(figures.waitingForIntent, .intent) }
        if figures.waitingForPlace != before.waitingForPlace { waiting.record(figures.waitingForPlace, .place) }
        if figures.calls != before.calls { inFlight.record(figures.calls) }
        if figures.unanswering != before.unanswering { breakers.record(figures.unanswering) }
    }
}
