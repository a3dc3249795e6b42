/// The outcomes of the requests of one round, and of their copies. A value: times are parameters, relative to one start.
struct RoundResults: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// Requests and their answers.
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

    /// Number of the first request. Requests of other rounds do not count.
    let first: Int
    private var entries: [Entry] = []
    /// Number of requests answered with success.
    private(set) var answered = 0
    /// Number of requests whose copy arrived.
    private(set) var copied = 0
    /// Number of copies that have not arrived although their request was answered with success.
    private(set) var missing = 0

    init(first: Int) { self.first = first }

    var sent: Int { entries.count }

    /// Adds the next request.
    /// - Parameters:
    ///   - due: when it was to be sent, even if it was sent later.
    ///   - receiver: index of its receiver.
    ///   - service: index of the service that gets the copy.
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
        if entries[index].copied == nil { missing += 1 }
    }

    /// A repeated copy, or one at another recipient, does not count.
    mutating func arrived(_ number: Int, at service: Int, time: Duration) {
        let index = number - first
        guard entries.indices.contains(index), entries[index].service == service, entries[index].copied == nil else { return }
        entries[index].copied = time
        copied += 1
        if entries[index].isSuccess { missing -= 1 }
    }

    /// Latencies are measured from when a request in the period was due; throughput is the number that ended in the period.
    /// - Parameter isCounted: selects the recipients.
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
