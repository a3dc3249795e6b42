import Directory
import Encoding
import OCPI
import Operations

/// The output of `ocn outbox`.
enum OutboxText {
    /// - Parameter now: the time up to which ages are computed.
    static func list(_ found: [OutboxStatus], now: Timestamp) -> [String] {
        guard !found.isEmpty else {
            return ["There is no outbox. A service gets one when it is published: ocn registry add-service --help"]
        }
        let header = ["RECIPIENT", "DELIVERY", "STATE", "BACKLOG", "OLDEST", "RATE/S", "NOTES"]
        return TextTable.lines([header] + found.map { row($0, now: now) }) + remarks(on: found).map { "note: \($0)" }
    }

    static func order(_ recipient: PartyID, isPaused: Bool, hasChanged: Bool) -> String {
        let state = isPaused ? "paused" : "not paused"
        guard hasChanged else { return "the outbox of \(recipient) is \(state) already: nothing was changed" }
        return "the outbox of \(recipient) is \(isPaused ? "paused" : "no longer paused")"
    }

    private static func row(_ status: OutboxStatus, now: Timestamp) -> [String] {
        let isTopic = status.delivery == .topic
        let lag = status.readers?.groups.map(\.lag).max()
        return [
            status.recipient.description, status.delivery?.rawValue ?? OutboxStatus.notPublished, isTopic ? "-" : status.state.rawValue,
            isTopic ? lag.map(String.init) ?? "-" : String(status.backlog),
            status.oldest.map { OperatorText.age(milliseconds: now.milliseconds - $0.milliseconds) } ?? "-",
            isTopic ? "-" : status.rate.map(tenths) ?? "-", notes(status).joined(separator: "; "),
        ]
    }

    private static func notes(_ status: OutboxStatus) -> [String] {
        if status.delivery == .topic { return status.readers.map(notes) ?? [] }
        var notes: [String] = []
        if case .known(let count, let unowned) = status.workers {
            if count == 0, status.state != .noWorker { notes.append("no worker") }
            if count > 0, !unowned.isEmpty { notes.append("nobody owns \(partitions(unowned))") }
        }
        notes += status.breakers.map { "breaker \($0.state.rawValue) at \(OperatorText.printable($0.worker)) since \($0.since)" }
        if let rewind = status.order?.rewind, !status.pendingRewind.isEmpty {
            notes.append("rewind to \(rewind.to) waits on \(partitions(status.pendingRewind))")
        }
        if status.lost > 0 { notes.append("\(status.lost) records expired in Kafka before they were sent") }
        return notes
    }

    private static func notes(_ readers: TopicReaders) -> [String] {
        guard case .known(let groups, _) = readers else { return [] }
        guard !groups.isEmpty else { return ["no consumer group has read it"] }
        return groups.map { reader in
            var text = "group \(OperatorText.printable(reader.group)) is \(reader.lag) behind"
            if let members = reader.members { text += members == 0 ? ", without a consumer now" : ", \(members) in it" }
            if !reader.uncommitted.isEmpty { text += ", has committed nothing on \(partitions(reader.uncommitted))" }
            if reader.lost > 0 { text += ", \(reader.lost) records expired before it read them" }
            return text
        }
    }

    /// Remarks about the whole list, each once.
    private static func remarks(on found: [OutboxStatus]) -> [String] {
        var remarks: [String] = []
        for case .unknown(let reason) in found.filter({ $0.delivery != .topic }).map(\.workers) {
            remarks.append("whether anybody sends is unknown: \(reason)")
        }
        for readers in found.compactMap(\.readers) {
            switch readers {
            case .unknown(let reason): remarks.append("who reads topics is unknown: \(reason). --reader-group names a group to ask about.")
            case .known(_, let unanswered) where unanswered > 0:
                remarks.append("\(unanswered) consumer groups did not tell what they have read. --reader-group names a group to ask about.")
            case .known: break
            }
        }
        var seen: Set<String> = []
        return remarks.filter { seen.insert($0).inserted }
    }

    private static func partitions(_ numbers: [Int32]) -> String {
        "\(numbers.count == 1 ? "partition" : "partitions") \(numbers.map(String.init).joined(separator: ", "))"
    }

    private static func tenths(_ rate: Double) -> String {
        let tenths = Int64((rate * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
