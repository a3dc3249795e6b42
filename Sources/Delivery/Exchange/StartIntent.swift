import Kafka

/// What a worker of EXCHANGE commits beside a partition's offset, for whoever gets the partition after it: nobody has begun a record at or
/// beyond `limit`.
struct StartIntent: Sendable, Equatable {
    /// Nobody has begun a record at or beyond this offset; `Int64.max`: all that stand in the log may have been begun.
    let limit: Int64
    /// Of the promises of one process, so that Kafka's answer to one is not taken for an answer to another.
    let number: UInt64
    /// Offsets below `limit` that nobody has begun either. Only in the last promise of an owner that gives the partition up.
    let unbegun: FinishedAhead

    private static let version = "b2"

    /// The text to commit: version, limit and number, then the unbegun offsets if they are not too many for it.
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

    /// Nil for a text of another version, and for none.
    /// - Parameter committed: the offset it was committed with.
    init?(text: String?, committed: Int64) {
        let fields = text?.split(separator: ";", omittingEmptySubsequences: false) ?? []
        guard 3...4 ~= fields.count, fields[0] == Self.version, let limit = Int64(fields[1]), limit >= 0, let number = UInt64(fields[2])
        else { return nil }
        let offsets = fields.count == 4 ? FinishedAhead(text: String(fields[3]), committed: committed) : nil
        self.init(limit: limit, number: number, unbegun: offsets ?? FinishedAhead(base: committed, runs: []))
    }
}
