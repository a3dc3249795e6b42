package import Encoding

/// How far this process's clock is from those of the other processes of its node, measured against Kafka's, which all of them can ask.
///
/// Deadlines travel as times of day, so the clocks of one node must agree; whether they are right matters less. Kafka's own clock is
/// therefore only the measure. A value: the time is given to it.
package struct ClockSkew: Sendable, Equatable {
    /// What the skew means.
    package enum Level: Int, Sendable, Comparable {
        /// Nothing.
        case harmless
        /// Somebody should see to it.
        case notable
        /// Requests fail because of it.
        case harmful

        /// Worse is more.
        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// Milliseconds that this clock is ahead of Kafka's; nil if that could not be measured.
    package private(set) var offset: Int64?
    /// Milliseconds that this clock is ahead of most of the others; nil if there is nothing to compare with.
    package private(set) var milliseconds: Int64?
    /// What that means.
    package private(set) var level = Level.harmless
    /// What it means that Kafka's clock is another one.
    package private(set) var levelOfKafka = Level.harmless

    /// Longer than this between question and answer, and what was measured is too vague.
    private static let vague: Int64 = 1000

    /// Nothing is known yet.
    package init() {}

    /// A record was sent and acknowledged, and Kafka has said when it appended it: at some moment in between. The middle is off by half of
    /// the time in between at most (Cristian's algorithm). What took too long says nothing new.
    /// - Parameters:
    ///   - sent: by this clock.
    ///   - appended: by Kafka's; nil if it does not say.
    ///   - received: by this clock.
    package mutating func measure(sent: Timestamp, appended: Timestamp?, received: Timestamp) {
        let between = received.milliseconds - sent.milliseconds
        // The in-memory cluster stamps everything with the second second of 1970.
        guard let appended, appended.milliseconds > 1_000_000_000_000, 0...Self.vague ~= between else { return }
        let offset = sent.milliseconds + between / 2 - appended.milliseconds
        self.offset = offset
        levelOfKafka = Self.level(of: offset, before: levelOfKafka)
    }

    /// Compares with what the others measured.
    ///
    /// The median counts, so that one clock that is wrong does not make the others look wrong. Of two, or another even number, nobody could
    /// say which one is wrong: there Kafka's own has a vote.
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

    /// The same moment by Kafka's clock, as far as it is known.
    package func kafkaTime(_ own: Timestamp) -> Timestamp { own.adding(milliseconds: -(offset ?? 0)) }

    /// More than 1 s is notable, more than 5 s harmful. It must get a fifth better to count as better: a clock at the very limit would
    /// otherwise come and go with every measurement.
    private static func level(of skew: Int64, before: Level) -> Level {
        func isBeyond(_ limit: Int64, _ level: Level) -> Bool { abs(skew) > (before >= level ? limit / 5 * 4 : limit) }
        return isBeyond(5000, .harmful) ? .harmful : isBeyond(1000, .notable) ? .notable : .harmless
    }
}
