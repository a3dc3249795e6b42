import Encoding
import Testing

@testable import ocn

@Suite struct OperatorTextTests {
    @Test func timesAreDatesOrSoLongAgo() throws {
        #expect(try OperatorText.time("2023-11-14T22:13:20Z") == Timestamp(milliseconds: 1_700_000_000_000))
        for (text, minutes) in [("90m", 90), ("2h", 120), ("1d", 1440)] {
            let age = Timestamp.now.milliseconds - (try OperatorText.time(text)).milliseconds
            #expect(abs(age - Int64(minutes) * 60_000) < 10_000, "\(text)")
        }
        for nonsense in ["", "yesterday", "2", "h", "-2h", "2 h", "99999999999999999999d", "9223372036854775807d", "٣h"] {
            #expect(throws: (any Error).self) { try OperatorText.time(nonsense) }
        }
    }

    @Test func durationsHaveAUnit() throws {
        for (text, duration) in [("0s", Duration.zero), ("250ms", .milliseconds(250)), ("2m", .seconds(120)), ("1h", .seconds(3600))] {
            #expect(try OperatorText.duration(text, upTo: "1h") == duration)
        }
        for nonsense in ["2", "61m", "100000d"] { #expect(throws: (any Error).self) { try OperatorText.duration(nonsense, upTo: "1h") } }
    }

    @Test(arguments: [
        (-5, "0 s"), (119_999, "119 s"), (120_000, "2 min"), (7_200_000, "2 h 0 min"), (172_800_000 + 3_600_000, "2 d 1 h"),
    ])
    func agesAreToldAsPeopleDo(milliseconds: Int64, text: String) {
        #expect(OperatorText.age(milliseconds: milliseconds) == text)
    }

    @Test func textFromOutsideCannotSteerATerminal() {
        #expect(OperatorText.printable("a\u{1B}[2Jb\r\u{202E}é\n") == "a\\u{1b}[2Jb\\u{d}\\u{202e}é\\u{a}")
        #expect(OperatorText.printable("a\n\tb\u{7}", lines: true) == "a\n\tb\\u{7}")
    }
}
