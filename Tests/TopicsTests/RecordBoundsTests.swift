import Encoding
import OCPI
import Testing

@testable import Topics

@Suite struct RecordBoundsTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private var latest: Timestamp { now.adding(milliseconds: RecordBounds.clockTolerance) }

    private func request(_ change: (inout RequestRecord) -> Void = { _ in }) throws -> RequestRecord {
        let party = try #require(PartyID("DE-CPO"))
        var request = RequestRecord(
            id: "id", time: now, module: .cdrs, interface: .receiver, method: .post, version: .v2_2_1, from: party, to: party, path: "",
            requestID: "r", correlationID: "c", stateVersion: 5)
        change(&request)
        return request
    }

    @Test func plausibleRecordsAreAccepted() throws {
        let bounds = RecordBounds(now: now, stateEnd: 5)
        let changes: [(inout RequestRecord) -> Void] = [
            { _ in }, { $0.time = self.latest }, { $0.time = Timestamp(milliseconds: 0) }, { $0.stateVersion = 0 },
            { $0.deadline = self.now.adding(milliseconds: RecordBounds.longestWait) }, { $0.deadline = Timestamp(milliseconds: .min) },
        ]
        for change in changes { #expect(bounds.fault(of: try request(change)) == nil) }
        #expect(RecordBounds(now: now).fault(of: try request { $0.stateVersion = .max }) == nil, "the end was not queried")
    }

    @Test func implausibleValuesAreNamed() throws {
        let bounds = RecordBounds(now: now, stateEnd: 4)
        let forever = try #require(Timestamp(rfc3339: "9999-12-31T23:59:59Z"))
        let faults: [(String, (inout RequestRecord) -> Void)] = [
            ("ce_time: 9999-12-31T23:59:59.000Z lies in the future", { $0.time = forever }),
            ("ce_time: \(latest.adding(milliseconds: 1)) lies in the future", { $0.time = self.latest.adding(milliseconds: 1) }),
            ("ce_deadline: no caller waits until \(Int64.max)", { $0.deadline = Timestamp(milliseconds: .max) }),
            ("ce_stateversion: 5 lies beyond the end of the state, 4", { _ in }),
            ("ce_stateversion: \(Int64.max) lies beyond the end of the state, 4", { $0.stateVersion = .max }),
            ("ce_stateversion: -1 is below 0", { $0.stateVersion = -1 }),
        ]
        for (text, change) in faults { #expect(bounds.fault(of: try request(change))?.description == text) }
    }

    @Test func aCopyThatIsToBeReplayedInTheFutureIsNone() throws {
        let party = try #require(PartyID("DE-BIL"))
        var copy = CopyRecord(of: try request(), id: "copy", for: party, permission: try #require(Permission(rawValue: 0)))
        let bounds = RecordBounds(now: now, stateEnd: 5)
        #expect(bounds.fault(of: copy) == nil)
        copy.replayedAt = latest
        #expect(bounds.fault(of: copy) == nil)
        copy.replayedAt = latest.adding(milliseconds: 1)
        #expect(bounds.fault(of: copy)?.header == "ce_replayed")
    }
}
