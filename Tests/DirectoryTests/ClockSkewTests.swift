import Directory
import Encoding
import Testing

@Suite struct ClockSkewTests {
    let kafka = Timestamp(milliseconds: 1_700_000_000_000)

    /// A clock that is ahead of Kafka's by `offset`, measured with answers that took `trip`.
    private func clock(_ offset: Int64, trip: Int64 = 4) -> ClockSkew {
        var clock = ClockSkew()
        measure(&clock, offset, trip: trip)
        return clock
    }

    private func measure(_ clock: inout ClockSkew, _ offset: Int64, trip: Int64 = 4) {
        let own = kafka.adding(milliseconds: offset)
        clock.measure(sent: own.adding(milliseconds: -trip / 2), appended: kafka, received: own.adding(milliseconds: trip - trip / 2))
    }

    @Test(arguments: [Int64(0), 1, -1, 999, -3_600_000, 3_600_000])
    func theMiddleOfQuestionAndAnswerIsComparedWithKafkasTime(offset: Int64) {
        #expect(clock(offset).offset == offset && clock(offset, trip: 1000).offset == offset)
        #expect(clock(offset).kafkaTime(kafka.adding(milliseconds: offset)) == kafka)
    }

    @Test func whatSaysNothingChangesNothing() {
        var clock = clock(7)
        measure(&clock, 4000, trip: 1001)
        clock.measure(sent: kafka, appended: nil, received: kafka)
        // This clock was set back meanwhile.
        clock.measure(sent: kafka.adding(milliseconds: 5), appended: kafka, received: kafka)
        #expect(clock.offset == 7)
    }

    @Test func withoutOthersOrAMeasurementThereIsNoSkew() {
        var alone = clock(3_600_000)
        alone.compare(with: [])
        #expect(alone.milliseconds == nil && alone.level == .harmless && alone.levelOfKafka == .harmful)
        var blind = ClockSkew()
        blind.compare(with: [0, 0])
        #expect(blind.milliseconds == nil && blind.kafkaTime(kafka) == kafka)
    }

    @Test(
        arguments: [
            // own, others, skew: the one that differs from most is wrong.
            (3_600_000, [0, 1], 3_599_999), (0, [3_600_000, 1], -1), (0, [1, 2, 3_600_000], -1),
            // Of two, the one that is further from Kafka's clock.
            (3_600_000, [0], 3_600_000), (0, [3_600_000], 0), (-2000, [1000], -2000), (1000, [-2000], 1000),
            // Kafka's own is wrong: all agree.
            (3_600_000, [3_600_010], 0), (3_600_000, [3_600_000, 3_600_000, 3_600_000], 0),
        ] as [(Int64, [Int64], Int64)])
    func theMedianCounts(own: Int64, others: [Int64], skew: Int64) {
        var clock = clock(own)
        clock.compare(with: others)
        #expect(clock.milliseconds == skew)
    }

    @Test func moreThanASecondIsNotableAndMoreThanFiveHarmful() {
        for (offset, level) in [(1000, ClockSkew.Level.harmless), (1001, .notable), (5000, .notable), (5001, .harmful)]
            as [(Int64, ClockSkew.Level)]
        {
            for sign in [Int64(1), -1] {
                var clock = clock(sign * offset)
                clock.compare(with: [0, 0])
                #expect(clock.level == level && clock.levelOfKafka == level, "\(sign * offset)")
            }
        }
    }

    @Test func aClockAtTheLimitDoesNotComeAndGo() {
        var clock = clock(1001)
        var levels: [ClockSkew.Level] = []
        for offset in [Int64(1001), 999, 801, 1002, 800, 999, 5001, 4001, 4000, 801, 800] {
            measure(&clock, offset)
            clock.compare(with: [0, 0])
            levels.append(clock.level)
        }
        #expect(
            levels == [
                .notable, .notable, .notable, .notable, .harmless, .harmless, .harmful, .harmful, .notable, .notable, .harmless,
            ])
    }
}
