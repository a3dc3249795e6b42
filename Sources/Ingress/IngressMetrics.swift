import Instruments
import OCPI

/// The metrics of the ingress role.
package struct IngressMetrics: MetricSet {
    /// A module and the class of the HTTP status of the answer.
    struct Answered: Hashable {
        let module: String
        let hundreds: Int
    }

    /// The reason why a reply in `ocn.replies` was not used.
    enum Unused: String, CaseIterable {
        /// No caller waits for it: it came after the deadline, or twice.
        case late
        /// It is for another process, or for an earlier run of this one.
        case foreign
        /// It could not be read.
        case unreadable
    }

    private let requests = CounterFamily<Answered>(
        "ocn_ingress_requests_total", unit: "requests", labels: ["module", "status"],
        series: modules.flatMap { module in (1...5).map { (Answered(module: module, hundreds: $0), [module, "\($0)xx"]) } },
        "Requests of parties and nodes that were answered, by module and class of HTTP status.")
    private let durations = TimerMetric(
        "ocn_ingress_request_duration_seconds", unit: "seconds", "Time from the head of a request to the head of its response.")
    private let pending = GaugeMetric("ocn_ingress_pending", unit: "requests", "Callers that wait for their answer.")
    private let pendingBytes = GaugeMetric("ocn_ingress_pending_bytes", unit: "bytes", "Bodies of the requests whose callers wait.")
    let unusedReplies = CounterFamily<Unused>(
        "ocn_ingress_replies_dropped_total", unit: "replies", label: "reason",
        "Replies that were not used: their caller no longer waits, they are for another process, or they are unreadable.")
    let produceFailures = CounterMetric(
        "ocn_ingress_produce_failures_total", unit: "requests", "Requests that Kafka did not accept.")
    let generatedIDs = CounterMetric(
        "ocn_ingress_generated_ids_total", unit: "requests",
        "Requests without X-Request-ID or X-Correlation-ID for which the node generated one.")

    /// All custom modules share one label, because parties choose their names.
    static let custom = "custom"
    static let message = "message"
    static let rules = "ocnrules"
    static let other = "other"

    private static let modules: [String] =
        [ModuleID.cdrs, .chargingprofiles, .commands, .credentials, .hubclientinfo, .locations, .sessions, .tariffs, .tokens, .versions]
        .map(\.rawValue) + [custom, message, rules, other]

    /// An instance for the list of all metrics.
    package static var sample: IngressMetrics { IngressMetrics() }

    /// Records one answered request.
    func record(module: String, httpStatus: Int, nanoseconds: Int64) {
        let module = Self.modules.contains(module) ? module : Self.other
        requests.increment(Answered(module: module, hundreds: min(max(httpStatus / 100, 1), 5)))
        durations.recordNanoseconds(nanoseconds)
    }

    func record(pending count: Int, bytes: Int) {
        pending.record(count)
        pendingBytes.record(bytes)
    }
}
