import Instruments
import Outbound

/// The metrics of PUSH.
package struct PushMetrics: MetricSet {
    /// The result of one attempt.
    enum Attempt: String, CaseIterable {
        case delivered
        case rejected
        case retry
        case notSent = "not_sent"
        case forbidden
        case tooLarge = "too_large"
        case timeout
        case broken
        case noDestination = "no_destination"
    }

    private let attempts = CounterFamily<Attempt>(
        "ocn_push_attempts_total", unit: "attempts", label: "result", "Attempts to deliver a copy or an announcement, by result.")
    private let copies = CounterFamily<DeliveryOutcome>(
        "ocn_push_copies_total", unit: "copies", labels: ["ending"],
        series: [
            (.delivered, ["delivered"]), (.dead, ["dead"]), (.unsendable, ["unsendable"]), (.expired, ["expired"]),
            (.withheld, ["withheld"]), (.topic, ["topic"]),
        ],
        "Copies that are finished: delivered, written to ocn.dead (dead, unsendable, expired), or not to be sent (withheld, topic)."
    )
    private let announcements = CounterFamily<DeliveryOutcome>(
        "ocn_push_announcements_total", unit: "announcements", labels: ["ending"],
        series: [(.delivered, ["delivered"]), (.replaced, ["replaced"])]
            + DropReason.allCases.map { (.dropped($0), ["dropped_" + $0.rawValue]) },
        "Announcements that are finished: delivered, replaced by a newer one, or dropped, with the reason.")
    private let waiting = GaugeMetric(
        "ocn_push_waiting_records", unit: "records", "Copies and announcements that were read and are not finished.")
    private let breakers = GaugeMetric(
        "ocn_push_open_breakers", unit: "recipients", "Recipients whose breaker is open or half-open.")
    let malformed = CounterMetric("ocn_push_malformed_records_total", unit: "records", "Records of outboxes that could not be read.")
    let deadLetterFailed = CounterMetric(
        "ocn_push_dead_letter_failures_total", unit: "copies",
        "Times Kafka did not take a dead letter; the copy stays uncommitted and comes again.")
    let breakerOpenings = CounterMetric(
        "ocn_push_breaker_openings_total", unit: "openings", "Times a recipient was found to fail most calls.")

    /// An instance for the list of all metrics.
    package static var sample: PushMetrics { PushMetrics() }

    func attempted(_ attempt: Attempt) { attempts.increment(attempt) }

    func failed(_ kind: OutboundFailure.Kind) {
        switch kind {
        case .notSent, .busy: attempted(.notSent)
        case .forbidden: attempted(.forbidden)
        case .tooLarge: attempted(.tooLarge)
        case .timeout: attempted(.timeout)
        case .broken: attempted(.broken)
        }
    }

    func ended(_ outboxRecord: OutboxRecord, _ ending: DeliveryOutcome) {
        switch outboxRecord {
        case .copy: copies.increment(ending)
        case .announcement: announcements.increment(ending)
        }
    }

    /// Sets the number of recipients whose breaker is not closed.
    func openBreakers(_ count: Int) { breakers.record(count) }

    func waiting(_ records: Int) { waiting.record(records) }
}
