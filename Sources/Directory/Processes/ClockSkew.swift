package import Encoding

/// The difference between this process's clock and those of the other processes of its node, measured against Kafka's clock, which all of
/// them can query.
///
/// Deadlines are sent as times of day, so the clocks of one node must agree; their accuracy matters less. Kafka's own clock is therefore
/// only the reference. A value; the caller passes the time.
package struct ClockSkew: Sendable, Equatable {
    /// The severity of a skew.
    package enum Level: Int, Sendable, Comparable {
        /// No effect.
        case harmless
        /// An operator should correct it.
        case notable
        /// Requests fail because of it.
        case harmful

        /// Compares by severity.
        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// Milliseconds that this clock is ahead of Kafka's; nil if that could not be measured.
    package private(set) var offset: Int64?
    /// Milliseconds that this clock is ahead of most of the others; nil if there is nothing to compare with.
    package private(set) var milliseconds: Int64?
    /// The severity of that skew.
    package private(set) var level = Level.harmless
    /// The severity of the difference to Kafka's clock.
    package private(set) var levelOfKafka = Level.harmless

    /// A measurement that took longer than this, in milliseconds, is too inaccurate.
    private static let vague: Int64 = 1000

    /// No measurement yet.
    package init() {}

    /// Measures the offset by a record that was sent and acknowledged: Kafka appended it at some moment in between. The middle is wrong by
    /// at most half of the time in between (Cristian's algorithm). A measurement that took too long is ignored.
    /// - Parameters:
    ///   - sent: by this clock.
    ///   - appended: by Kafka's clock; nil if not reported.
    ///   - received: by this clock.
    package mutating func measure(sent: Timestamp, appended: Timestamp?, received: Timestamp) {
        let between = received.milliseconds - sent.milliseconds
        // The in-memory cluster stamps all records with a time in the first seconds of 1970.
        guard let appended, appended.milliseconds > 1_000_000_000_000, 0...Self.vague ~= between else { return }
        let offset = sent.milliseconds + between / 2 - appended.milliseconds
        self.offset = offset
        levelOfKafka = Self.level(of: offset, before: levelOfKafka)
    }

    /// Compares with the offsets that the other processes measured.
    ///
    /// The median is used, so that one wrong clock does not make the others look wrong. With an even number of clocks the median would be
    /// ambiguous, so Kafka's own is included.
    package mutating func compare(with others: [Int64]) {
        guard let offset, !others.isEmpty else {
            milliseconds = nil
            level = .harmless
            return
        }
        var clocks = others + [offset]
        if clocks.count % 2 == 0 { clocks.append(0) }
        let skew = offset - clocks.sorted()[clocks.count / 2]
        milliseconds = skew
        level = Self.level(of: skew, before: level)
    }

    /// The time of Kafka's clock, as far as the offset is known.
    package func kafkaTime(_ own: Timestamp) -> Timestamp { own.adding(milliseconds: -(offset ?? 0)) }

    /// More than 1 s is notable, more than 5 s harmful. The level only decreases a fifth below its limit, so that a clock at the limit does
    /// not change it with every measurement.
    private static func level(of skew: Int64, before: Level) -> Level {
        func isBeyond(_ limit: Int64, _ level: Level) -> Bool { abs(skew) > (before >= level ? limit / 5 * 4 : limit) }
        return isBeyond(5000, .harmful) ? .harmful : isBeyond(1000, .notable) ? .notable : .harmless
    }
}
