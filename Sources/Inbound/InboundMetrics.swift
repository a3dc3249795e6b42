import Instruments

/// The two listeners of a node.
package enum ListenerName: String, CaseIterable, Sendable {
    /// The listener for parties and nodes.
    case `public`
    /// The listener for operators.
    case `private`
}

/// Connections and answers by listener.
package struct InboundMetrics: MetricSet {
    /// A limit of connections that was reached.
    enum ConnectionLimit: String, CaseIterable, Sendable {
        /// The limit of all connections: further ones wait.
        case total
        /// The limit of one address: the connection was closed.
        case address
    }

    /// Why the node closed a connection early.
    enum Cut: String, CaseIterable, Sendable {
        /// The head of a request did not come in time.
        case head
        /// The body of a request did not come in time.
        case body
        /// The client did not take its answers.
        case unread
        /// The waiting answers exceeded their quota.
        case budget
        /// Too many requests waited for their answers.
        case pipelined
        /// The bytes were no HTTP, or ambiguous.
        case broken
    }

    /// A listener and a kind of event.
    struct Event<Kind: RawRepresentable & Hashable & Sendable>: Hashable where Kind.RawValue == String {
        let listener: ListenerName
        let kind: Kind
    }

    let connections = GaugeFamily<ListenerName>(
        "ocn_http_connections", unit: "connections", label: "listener", "Open connections of clients.")
    let limit = GaugeFamily<ListenerName>(
        "ocn_http_connections_limit", unit: "connections", label: "listener", "Most connections that may be open; further ones wait.")
    let limitReached = CounterFamily<Event<ConnectionLimit>>(
        "ocn_http_connection_limit_reached_total", unit: "times", labels: ["listener", "limit"], series: events(),
        "How often a limit of connections was reached: of all together, so that further ones wait, or of one address, so that one was closed."
    )
    let cuts = CounterFamily<Event<Cut>>(
        "ocn_http_connections_cut_total", unit: "connections", labels: ["listener", "reason"], series: events(),
        "Connections that the node cut off: a head or a body that did not come in time, answers that were not taken, no room for them, "
            + "too many requests at once, broken HTTP.")
    let waitingBytes = GaugeFamily<ListenerName>(
        "ocn_http_answer_bytes", unit: "bytes", label: "listener", "Answers that wait until their clients take them.")

    /// An instance for the list of all metrics.
    package static var sample: InboundMetrics { InboundMetrics() }

    private static func events<Kind: CaseIterable>() -> [(key: Event<Kind>, values: [String])] {
        ListenerName.allCases.flatMap { listener in
            Kind.allCases.map { (Event(listener: listener, kind: $0), [listener.rawValue, $0.rawValue]) }
        }
    }
}
