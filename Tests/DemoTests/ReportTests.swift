import Encoding
import OCPI
import Synchronization
import Testing

@testable import Demo

/// Party ids of the tests.
enum PartyIDs {
    static let cpo = PartyID("DE-ONE")
    static let emsp = PartyID("FR-MSP")
}

/// Collects the lines of a report.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

@Suite struct ReportTests {
    private func printed(_ options: DemoOptions, _ report: (DemoReport) -> Void) -> [String] {
        let lines = Lines()
        report(DemoReport(options) { lines.add($0) })
        return lines.all
    }

    private func exchange() throws -> ChargingExchange {
        let crossing = Crossing(
            node: 0, kind: .request, topic: "ocn.requests", partition: 3, offset: 17, key: "DE-ONE|cdrs|SES-1", id: "r1",
            type: "org.openchargingnetwork.cdrs.receiver.post", source: "/DE/ONE", correlationID: "c1", replyTo: nil, isLocal: true,
            produced: Timestamp(milliseconds: 1000), seen: Timestamp(milliseconds: 1003))
        return ChargingExchange(
            from: try #require(PartyIDs.cpo), to: try #require(PartyIDs.emsp), method: .post, path: "/ocpi/receiver/2.2.1/cdrs",
            status: 200, milliseconds: 14.24,
            stations: [
                Station(place: crossing.place, crossing: crossing, milliseconds: 2), Station(place: "FR-MSP", milliseconds: 5),
                Station(place: "DE-ONE", milliseconds: 7),
            ])
    }

    private var good: DemoResult {
        DemoResult(
            ok: true, steps: Dictionary(uniqueKeysWithValues: (1...8).map { ($0, true) }), reason: nil, copiesWithoutPermission: 0,
            seconds: 7.42)
    }

    @Test func aHopIsOneLineAndItsStationsAnother() throws {
        let exchange = try exchange()
        #expect(
            printed(DemoOptions()) { $0.route(.cdr, exchange) } == [
                "   DE-ONE → FR-MSP  POST  /ocpi/receiver/2.2.1/cdrs                            200     14.2 ms",
                "      node 1 ocn.requests[3]@17 +2 → FR-MSP +5 → DE-ONE +7",
            ])
    }

    @Test func jsonHasOneObjectPerLine() throws {
        let exchange = try exchange()
        let lines = printed(DemoOptions(json: true, color: true)) {
            $0.began(.cdr)
            $0.route(.cdr, exchange)
            $0.note(.cdr, "noted")
            $0.ended(.cdr, seconds: 0.123, outcome: "done")
            $0.failed(DemoFailure(step: 4, reason: "no copy"))
        }
        #expect(
            lines == [
                #"{"event":"hop","step":3,"kind":"exchange","from":"DE-ONE","to":"FR-MSP","method":"POST","#
                    + #""path":"/ocpi/receiver/2.2.1/cdrs","status":200,"ms":14.2,"stations":[{"at":"node 1","#
                    + #""topic":"ocn.requests","partition":3,"offset":17,"ms":2},"#
                    + #"{"at":"FR-MSP","ms":5},{"at":"DE-ONE","ms":7}]}"#,
                #"{"event":"note","step":3,"text":"noted"}"#,
                #"{"event":"step","step":3,"title":"CDR","ok":true,"seconds":0.1,"outcome":"done"}"#,
                #"{"event":"failure","step":4,"reason":"no copy"}"#,
            ])
    }

    @Test func theJSONSummarySaysExactlyThis() {
        #expect(
            printed(DemoOptions(json: true)) { $0.summary(good, outcomes: [:]) } == [
                #"{"event":"summary","ok":true,"steps":{"1":true,"2":true,"3":true,"4":true,"5":true,"6":true,"7":true,"8":true},"#
                    + #""copies_without_permission":0,"seconds":7.4}"#
            ])
    }

    @Test func aFailedRunSaysSoInBothForms() {
        let bad = DemoResult(
            ok: false, steps: [1: true, 2: false], reason: "step 2: no answer", copiesWithoutPermission: 0, seconds: 1)
        #expect(
            printed(DemoOptions(json: true)) { $0.summary(bad, outcomes: [:]) } == [
                #"{"event":"summary","ok":false,"steps":{"1":true,"2":false,"3":false,"4":false,"5":false,"6":false,"7":false,"8":false},"#
                    + #""copies_without_permission":0,"seconds":1.0}"#
            ])
        let outcomes = [1: StepOutcome(text: "agreed", seconds: 0.25), 2: StepOutcome(text: "no answer", seconds: 10)]
        let text = printed(DemoOptions()) { $0.summary(bad, outcomes: outcomes) }
        #expect(text.contains("   1  Setting             yes    0.3 s  agreed"))
        #expect(text.contains("   2  Session             no    10.0 s  no answer"))
        #expect(text.contains("   3  CDR                 no            not reached"))
        #expect(text.last == "The billing scenario does not hold: step 2: no answer (copies without permission: 0, 1.0 s).")
    }

    @Test func coloursComeOnlyWhenAskedFor() {
        let plain = printed(DemoOptions()) { $0.summary(good, outcomes: [:]) }
        #expect(!plain.joined().contains("\u{1B}"))
        #expect(plain.last == "The billing scenario holds: all 8 steps, copies without permission: 0, 7.4 s.")
        let colored = printed(DemoOptions(color: true)) { $0.summary(good, outcomes: [:]) }
        #expect(colored.last == "\u{1B}[32mThe billing scenario holds: all 8 steps, copies without permission: 0, 7.4 s.\u{1B}[0m")
    }

    @Test func longPathsOfStationsAreWrappedBetweenStations() {
        #expect(DemoReport.wrapped(["aaaa", "bbbb", "cccc"], separator: "→", width: 12) == ["aaaa → bbbb", "→ cccc"])
    }

    @Test func thePictureHasBothSidesNextToEachOther() throws {
        let profile = PartyProfile(id: try #require(PartyIDs.cpo), name: "Stromladen", part: .cpo)
        let lines = OperatorSide.picture([
            OperatorSide(name: "node 1", url: "http://127.0.0.1:1", kafka: "127.0.0.1:9", parties: [profile, profile]),
            OperatorSide(name: "node 2", url: "http://127.0.0.1:2", kafka: "127.0.0.1:8", parties: [profile, profile]),
        ])
        #expect(Set(lines.map(\.count)) == [102])
        #expect(lines[1] == "│ DE-ONE  Stromladen  CPO                │                  │ DE-ONE  Stromladen  CPO                │")
        #expect(lines[4] == "│ node 1  http://127.0.0.1:1             │◀─ /ocn/message ─▶│ node 2  http://127.0.0.1:2             │")
    }

    @Test func sealedTokensAreCutInPaths() throws {
        let exchange = ChargingExchange(
            from: try #require(PartyIDs.cpo), to: try #require(PartyIDs.emsp), method: .get,
            path: "/ocpi/sender/2.2.1/locations/page/" + String(repeating: "x", count: 120), status: 200, milliseconds: 1, stations: [])
        #expect(exchange.shortPath == "/ocpi/sender/2.2.1/locations/page/xxxxxxxx…")
    }
}
