import Encoding
package import OCPI

/// One request through the network, or one copy, as the report shows it.
package struct ChargingExchange: Sendable {
    /// Who sent it.
    package let from: PartyID
    /// Who received it.
    package let to: PartyID
    /// OCPI method.
    package let method: OCPI.Method
    /// Path and query as called; of a copy, the path at the service.
    package let path: String
    /// HTTP status of the answer.
    package let status: Int
    /// From sending to the answer; of a copy, from the caller's sending to the service's receiving.
    package let milliseconds: Double
    /// A copy for a service.
    package let isCopy: Bool
    /// Every place in order.
    package let stations: [Station]

    /// - Parameters: as the properties say.
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

    /// The path with long segments (sealed tokens) cut, for reading.
    package var shortPath: String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.count > 20 ? "\($0.prefix(8))…" : String($0) }.joined(separator: "/")
    }

    /// The stations of a call: requests, the recipient, replies, the caller. `trail` may hold copies, which are left out.
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
            // Two clocks' readings of the same millisecond may differ by one; time does not run backwards in a report.
            let step = max(0, place.time.milliseconds - last)
            last = max(last, place.time.milliseconds)
            return Station(place: place.place, crossing: place.crossing, milliseconds: step)
        }
    }
}
