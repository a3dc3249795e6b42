import Metrics
import OCPI

/// The ingress role's metrics. Every handle is made once.
struct IngressMetrics: Sendable {
    private let requests: [String: [Counter]]
    private let durations = Timer(label: "ocn_ingress_request_duration_seconds")
    private let pending = Gauge(label: "ocn_ingress_pending")
    private let pendingBytes = Gauge(label: "ocn_ingress_pending_bytes")
    /// Answers nobody waits for: later than the deadline, or given twice.
    let lateReplies = Counter(label: "ocn_ingress_replies_dropped_total", dimensions: [("reason", "late")])
    /// Answers for another process, or for an earlier life of this one.
    let foreignReplies = Counter(label: "ocn_ingress_replies_dropped_total", dimensions: [("reason", "foreign")])
    /// Records of `ocn.replies` that could not be read.
    let unreadableReplies = Counter(label: "ocn_ingress_replies_dropped_total", dimensions: [("reason", "unreadable")])
    /// Requests Kafka did not take.
    let produceFailures = Counter(label: "ocn_ingress_produce_failures_total")
    /// Requests without `X-Request-ID` or `X-Correlation-ID` that got one from the node.
    let generatedIDs = Counter(label: "ocn_ingress_generated_ids_total")

    /// Parties choose the names of custom modules, so those share one label.
    static let custom = "custom"
    static let message = "message"
    static let rules = "ocnrules"
    static let other = "other"

    init() {
        let standard: [ModuleID] = [
            .cdrs, .chargingprofiles, .commands, .credentials, .hubclientinfo, .locations, .sessions, .tariffs, .tokens, .versions,
        ]
        var requests: [String: [Counter]] = [:]
        for module in standard.map(\.rawValue) + [Self.custom, Self.message, Self.rules, Self.other] {
            requests[module] = (1...5).map { hundreds in
                Counter(label: "ocn_ingress_requests_total", dimensions: [("module", module), ("status", "\(hundreds)xx")])
            }
        }
        self.requests = requests
    }

    /// One finished request.
    func record(module: String, httpStatus: Int, nanoseconds: Int64) {
        let counters = requests[module] ?? requests[Self.other] ?? []
        let index = min(max(httpStatus / 100, 1), 5) - 1
        if counters.indices.contains(index) { counters[index].increment() }
        durations.recordNanoseconds(nanoseconds)
    }

    func record(pending count: Int, bytes: Int) {
        pending.record(count)
        pendingBytes.record(bytes)
    }
}
