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
    private let copies: [Ending: Counter]
    private let announcements: [Ending: Counter]
    private let waiting = Gauge(label: "ocn_push_waiting_records")
    let malformed = Counter(label: "ocn_push_malformed_records_total")
    let unburied = Counter(label: "ocn_push_dead_letter_failures_total")
    let breakerOpenings = Counter(label: "ocn_push_breaker_openings_total")
    private let breakers = Gauge(label: "ocn_push_open_breakers")

    init() {
        attempts = Dictionary(
            uniqueKeysWithValues: Attempt.allCases.map {
                ($0, Counter(label: "ocn_push_attempts_total", dimensions: [("result", $0.rawValue)]))
            })
        copies = Self.counters(
            "ocn_push_copies_total",
            [
                (.delivered, "delivered"), (.dead, "dead"), (.unsendable, "unsendable"), (.expired, "expired"), (.withheld, "withheld"),
                (.topic, "topic"),
            ])
        announcements = Self.counters(
            "ocn_push_announcements_total",
            [(.delivered, "delivered"), (.replaced, "replaced")] + Drop.allCases.map { (.dropped($0), "dropped_" + $0.rawValue) })
    }

    private static func counters(_ label: String, _ endings: [(Ending, String)]) -> [Ending: Counter] {
        Dictionary(uniqueKeysWithValues: endings.map { ($0, Counter(label: label, dimensions: [("ending", $1)])) })
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

    func ended(_ consignment: Consignment, _ ending: Ending) {
        switch consignment {
        case .copy: copies[ending]?.increment()
        case .announcement: announcements[ending]?.increment()
        }
    }

    /// Recipients whose breaker is not closed.
    func openBreakers(_ count: Int) { breakers.record(count) }

    func waiting(_ records: Int) { waiting.record(records) }
}
