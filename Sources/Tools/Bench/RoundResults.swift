/// What became of the requests of one round, and of their copies. A value: times are given, from one beginning.
struct RoundResults: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// Answers to the one who called.
        case exchange
        /// Copies to services.
        case push
    }

    private struct Entry: Sendable {
        let due: Duration
        let receiver: Int
        let service: Int
        var ended: Duration?
        var isSuccess = false
        var copied: Duration?
    }

    /// Number of the first request: those of other rounds do not count.
    let first: Int
    private var entries: [Entry] = []
    /// Requests that were answered with success.
    private(set) var answered = 0
    /// Requests whose copy arrived.
    private(set) var copied = 0
    /// Copies that are owed, because the request was answered with success, and have not arrived.
    private(set) var owed = 0

    init(first: Int) { self.first = first }

    var sent: Int { entries.count }

    /// The next request.
    /// - Parameters:
    ///   - due: when it was to be sent, whether or not anybody had time for that.
    ///   - receiver: whom it is to.
    ///   - service: who gets the copy.
    /// - Returns: its number.
    mutating func sends(due: Duration, to receiver: Int, copyTo service: Int) -> Int {
        entries.append(Entry(due: due, receiver: receiver, service: service))
        return first + entries.count - 1
    }

    mutating func ended(_ number: Int, isSuccess: Bool, at time: Duration) {
        let index = number - first
        guard entries.indices.contains(index), entries[index].ended == nil else { return }
        entries[index].ended = time
        entries[index].isSuccess = isSuccess
        guard isSuccess else { return }
        answered += 1
        if entries[index].copied == nil { owed += 1 }
    }

    /// Copies that come again, or to somebody else, do not count.
    mutating func arrived(_ number: Int, at service: Int, time: Duration) {
        let index = number - first
        guard entries.indices.contains(index), entries[index].service == service, entries[index].copied == nil else { return }
        entries[index].copied = time
        copied += 1
        if entries[index].isSuccess { owed -= 1 }
    }

    /// Times count from when a request was due within the period; throughput is what ended within it.
    /// - Parameter isCounted: which recipients.
    func figures(_ kind: Kind, during period: Range<Duration>, of isCounted: (_ recipient: Int) -> Bool) -> Figures {
        var latencies = Latencies()
        var figures = Figures()
        var ends = 0
        for entry in entries where isCounted(kind == .push ? entry.service : entry.receiver) {
            let end = kind == .push ? entry.copied : entry.isSuccess ? entry.ended : nil
            if let end, period.contains(end) { ends += 1 }
            guard period.contains(entry.due) else { continue }
            if let end { latencies.note(end - entry.due) } else { figures.failed += 1 }
        }
        figures.count = latencies.count
        let milliseconds = { (duration: Duration) in duration / .milliseconds(1) }
        let length = (period.upperBound - period.lowerBound) / .seconds(1)
        figures.values = [
            .p50: milliseconds(latencies.percentile(50)), .p95: milliseconds(latencies.percentile(95)),
            .p99: milliseconds(latencies.percentile(99)), .longest: milliseconds(latencies.longest),
            .perSecond: length > 0 ? Double(ends) / length : 0,
        ]
        return figures
    }
}
