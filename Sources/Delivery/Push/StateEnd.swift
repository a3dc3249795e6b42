import NIOCore

/// The end of `ocn.state` as last read. A record that was read well before then and claims a higher state version is implausible. A value.
struct StateEnd: Sendable {
    /// How long a record may wait for its state version. A copy is not given up because a new leader of the topic is slightly behind.
    static let grace = TimeAmount.seconds(5)

    private var known: (end: Int64, asked: NIODeadline)?
    /// A record waits whose state version is higher than the version read here, and the end has not been read since.
    private(set) var isRequested = false

    /// A record must wait because its state version is higher than the version read here.
    mutating func request() { isRequested = true }

    /// - Parameters:
    ///   - end: the end of the topic; everything before it is applied here.
    ///   - asked: the time at which Kafka was asked for it.
    mutating func found(_ end: Int64, asked: NIODeadline) {
        known = (end, asked)
        isRequested = false
    }

    /// The highest state version that a record can have; nil if the end was not read since the record has waited for ``grace``.
    func limit(ofRecordRead read: NIODeadline) -> Int64? {
        known.flatMap { $0.asked >= read + Self.grace ? $0.end : nil }
    }
}
