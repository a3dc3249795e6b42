import Metrics

/// PUSH's handles, made once.
struct PushMetrics: Sendable {
    /// How one attempt went.
    enum Attempt: String, CaseIterable {
        case delivered
        case rejected
        case retry
        case notSent = "not_sent"
        case forbidden
        case timeout
        case broken
        case noDestination = "no_destination"
    }

    private let attempts: [Attempt: Counter]
    private let endings: [Ending: Counter]
    private let waiting = Gauge(label: "ocn_push_waiting_copies")
    let malformed = Counter(label: "ocn_push_malformed_records_total")
    let unburied = Counter(label: "ocn_push_dead_letter_failures_total")

    init() {
        attempts = Dictionary(
            uniqueKeysWithValues: Attempt.allCases.map {
                ($0, Counter(label: "ocn_push_attempts_total", dimensions: [("result", $0.rawValue)]))
            })
        endings = Dictionary(
            uniqueKeysWithValues: Ending.allCases.map {
                ($0, Counter(label: "ocn_push_copies_total", dimensions: [("ending", $0.rawValue)]))
            })
    }

    func attempted(_ attempt: Attempt) { attempts[attempt]?.increment() }

    func failed(_ kind: OutboundFailure.Kind) {
        switch kind {
        case .notSent: attempted(.notSent)
        case .forbidden: attempted(.forbidden)
        case .timeout: attempted(.timeout)
        case .broken: attempted(.broken)
        }
    }

    func ended(_ ending: Ending) { endings[ending]?.increment() }

    func waiting(_ copies: Int) { waiting.record(copies) }
}
