import NIOCore

/// How far `ocn.state` reaches, as it was asked last. A record that was read before and claims to have been judged by more was not. A value.
struct StateEnd: Sendable {
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

    /// The most that a record can claim; nil if that was not asked since it was read.
    func limit(ofRecordRead read: NIODeadline) -> Int64? {
        known.flatMap { $0.asked >= read ? $0.end : nil }
    }
}
