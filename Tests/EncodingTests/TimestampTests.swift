import Encoding
import Support
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999Z", -1), ("2026-11-22T13:30:15.123Z", 1_795_354_215_123),
            ("2015-06-29T20:39:09", 1_435_610_349_000), ("2015-06-29T22:39:09+02:00", 1_435_610_349_000),
            ("2015-06-29T18:09:09-02:30", 1_435_610_349_000), ("2000-02-29T00:00:00.5z", 951_782_400_500),
            ("2000-02-29t00:00:00.123999999Z", 951_782_400_123), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)]) func readsDates(text: String, milliseconds: Int64)
    {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11-22", "2026-11-22 13:30:15Z", "2026-11-22T13:30Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00+0200",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+02", "+2026-01-01T00:00:00Z", "２026-01-01T00:00:00Z",
    ]) func refusesInvalidDates(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func printsMillisecondsInUTC() {
        #expect(Timestamp(milliseconds: 1_795_354_215_007).description == "2026-11-22T13:30:15.007Z")
        #expect(Timestamp(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test func everyMomentOfTenThousandYearsReadsBack() {
        for seed in UInt64(0)..<5000 {
            var random = SeededGenerator(seed: seed)
            let moment = Timestamp(milliseconds: .random(in: -62_167_219_200_000...253_402_300_799_999, using: &random))
            #expect(moment.description.utf8.count == 24)
            #expect(Timestamp(rfc3339: moment.description) == moment, "seed \(seed)")
        }
    }

    @Test func theEndsOfTheRangeSaturateAndPrint() {
        #expect(Timestamp(milliseconds: .max).adding(milliseconds: 1).milliseconds == .max)
        #expect(Timestamp(milliseconds: .min).adding(milliseconds: -1).milliseconds == .min)
        #expect(Timestamp(milliseconds: 5).adding(milliseconds: -7).milliseconds == -2)
        #expect(Timestamp(milliseconds: .max).description.hasPrefix("292278994-08-17T07:12:55.807Z"))
        #expect(Timestamp(milliseconds: .min).description.hasPrefix("-292275055-05-16T16:47:04.192Z"))
    }

    @Test func nowIsOfThisCentury() {
        #expect(Timestamp.now > Timestamp(milliseconds: 1_700_000_000_000))
        #expect(Timestamp.now < Timestamp(milliseconds: 4_102_444_800_000))
    }

    @Test func randomTextNeverTraps() {
        for seed in UInt64(0)..<5000 {
            var random = SeededGenerator(seed: seed)
            let text = String(
                decoding: (0..<Int.random(in: 0..<32, using: &random)).map { _ in random.pick(Array("0123456789-:.TZ+".utf8)) },
                as: UTF8.self)
            if let moment = Timestamp(rfc3339: text) { #expect(Timestamp(rfc3339: moment.description) != nil, "seed \(seed)") }
        }
    }
}
