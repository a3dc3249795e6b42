import Kafka

/// The metadata that an EXCHANGE worker commits with a partition's offset, for the next owner: no record at or above `limit` has been
/// started.
struct StartIntent: Sendable, Equatable {
    /// No record at or above this offset has been started; `Int64.max`: every record in the log may have been.
    let limit: Int64
    /// The number among the intents of one process; it matches Kafka's answer to the intent.
    let number: UInt64
    /// Offsets below `limit` that have not been started either. Only in the last intent of an owner that gives the partition up.
    let unbegun: FinishedAhead

    private static let version = "b2"

    /// The text to commit: version, limit and number, then the unstarted offsets if they fit.
    var text: String {
        let text = "\(Self.version);\(limit);\(number)"
        guard let offsets = unbegun.text, text.utf8.count + 1 + offsets.utf8.count <= FinishedAhead.maxTextLength else { return text }
        return "\(text);\(offsets)"
    }

    init(limit: Int64, number: UInt64, unbegun: FinishedAhead) {
        self.limit = limit
        self.number = number
        self.unbegun = unbegun
    }

    /// Nil without a text, and for a text of another version.
    /// - Parameter committed: the offset it was committed with.
    init?(text: String?, committed: Int64) {
        let fields = text?.split(separator: ";", omittingEmptySubsequences: false) ?? []
        guard 3...4 ~= fields.count, fields[0] == Self.version, let limit = Int64(fields[1]), limit >= 0, let number = UInt64(fields[2])
        else { return nil }
        let offsets = fields.count == 4 ? FinishedAhead(text: String(fields[3]), committed: committed) : nil
        self.init(limit: limit, number: number, unbegun: offsets ?? FinishedAhead(base: committed, runs: []))
    }
}
