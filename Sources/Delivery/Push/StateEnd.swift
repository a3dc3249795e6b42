import NIOCore

/// How far `ocn.state` reaches, as it was asked last. A record that was read well before and claims to have been judged by more was not. A value.
struct StateEnd: Sendable {
    /// How long a record may wait for more than there is: a copy is not given up because a new leader of the topic is a moment behind.
    static let grace = TimeAmount.seconds(5)

    private var known: (end: Int64, asked: NIODeadline)?
    /// Something waits that claims more than is read here, and the question has not been answered since.
    private(set) var isDoubted = false

    /// A record must wait because it claims more than is read here.
    mutating func doubt() { isDoubted = true }

    /// - Parameters:
    ///   - end: everything before it is applied here.
    ///   - asked: when Kafka was asked for it.
    mutating func found(_ end: Int64, asked: NIODeadline) {
        known = (end, asked)
        isDoubted = false
    }

    /// The most that a record can claim; nil if that was not asked since it has waited for long enough.
    func limit(ofRecordRead read: NIODeadline) -> Int64? {
        known.flatMap { $0.asked >= read + Self.grace ? $0.end : nil }
    }
}
