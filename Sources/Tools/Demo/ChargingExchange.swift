import Encoding
package import OCPI

/// One routed request or one copy, as the report shows it.
package struct ChargingExchange: Sendable {
    /// The sender.
    package let from: PartyID
    /// The recipient.
    package let to: PartyID
    /// OCPI method.
    package let method: OCPI.Method
    /// Path and query of the call; for a copy, the path at the service.
    package let path: String
    /// HTTP status of the answer.
    package let status: Int
    /// From sending to the answer; for a copy, from sending the request to receiving the copy.
    package let milliseconds: Double
    /// Whether it is a copy for a service.
    package let isCopy: Bool
    /// The stations in order.
    package let stations: [Station]

    package init(
        from: PartyID, to: PartyID, method: OCPI.Method, path: String, status: Int, milliseconds: Double, isCopy: Bool = false,
        stations: [Station]
    ) {
        self.from = from
        self.to = to
        self.method = method
        self.path = path
        self.status = status
        self.milliseconds = milliseconds
        self.isCopy = isCopy
        self.stations = stations
    }

    /// The path with long segments (sealed tokens) shortened.
    package var shortPath: String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.count > 20 ? "\($0.prefix(8))…" : String($0) }.joined(separator: "/")
    }

    /// The stations of a call: requests, the recipient, replies, the caller. Copies in `trail` are ignored.
    static func stations(
        _ call: SentRequest, caller: PartyID, arrival: ReceivedRequest, recipient: PartyID, trail: [Crossing]
    ) -> [Station] {
        let requests = trail.filter { $0.kind == .request }
        let replies = trail.filter { $0.kind == .reply }
        return path(
            since: call.sent,
            requests.map { ($0.place, $0, $0.produced) } + [(recipient.description, nil, arrival.time)]
                + replies.map { ($0.place, $0, $0.produced) } + [(caller.description, nil, call.answered)])
    }

    /// The stations of a copy: the caller's request, the outbox, the service.
    static func stations(
        ofCopy copy: Crossing, _ call: SentRequest, arrival: ReceivedRequest, recipient: PartyID, trail: [Crossing]
    ) -> [Station] {
        let request = trail.filter { $0.kind == .request && $0.node == copy.node }
        return path(
            since: call.sent,
            request.map { ($0.place, $0, $0.produced) } + [
                (copy.place, copy, copy.produced), (recipient.description, nil, arrival.time),
            ])
    }

    private static func path(since start: Timestamp, _ places: [(place: String, crossing: Crossing?, time: Timestamp)]) -> [Station] {
        var last = start.milliseconds
        return places.map { place in
            // Two clocks may differ by a millisecond; the report must not show negative times.
            let step = max(0, place.time.milliseconds - last)
            last = max(last, place.time.milliseconds)
            return Station(place: place.place, crossing: place.crossing, milliseconds: step)
        }
    }
}
