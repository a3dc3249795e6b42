import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@Suite struct DeadResolutionTests {
    let topics = TopicNames()
    let resolution = DeadResolution(
        partition: 3, offset: 1_234_567_890_123, copyID: "copy-1", kind: .replayed, at: Timestamp(milliseconds: 1_700_000_000_000),
        by: "anna@node-1")

    @Test func aResolutionStandsInThePartitionOfItsDeadLetterUnderItsKey() throws {
        let outgoing = resolution.outgoing(to: topics, key: "DE-CPO|cdrs|1")
        #expect(outgoing.topic == "ocn.dead" && outgoing.partition == 3 && outgoing.key == "DE-CPO|cdrs|1")
        #expect(outgoing.headers["ce_deadresolution"] == "replayed" && outgoing.headers["ce_specversion"] == "1.0")
        #expect(outgoing.value == ByteBuffer(), "no tombstone: it must not be taken for a deletion")
        let record = incoming(outgoing)
        #expect(DeadResolution.isResolution(record))
        #expect(try DeadResolution(record) == resolution)
    }

    @Test func aResolutionIsNoDeadLetterAndADeadLetterIsNoResolution() throws {
        #expect(throws: RecordError.self) { try DeadRecord(incoming(resolution.outgoing(to: topics, key: nil))) }
        let dead = DeadRecord(
            copy: try copy(), cause: "expired", attempts: 0, lastHTTPStatus: nil, lastStatus: nil, diedAt: resolution.at)
        let record = incoming(dead.outgoing(to: topics))
        #expect(!DeadResolution.isResolution(record))
        #expect(throws: RecordError.self) { try DeadResolution(record) }
    }

    @Test(arguments: ["ce_deadresolution", "ce_deadpartition", "ce_deadoffset", "ce_subject", "ce_time"])
    func aResolutionWithoutAHeaderItNeedsIsRefusedByName(_ name: String) {
        var outgoing = resolution.outgoing(to: topics, key: nil)
        outgoing.headers.fields.removeAll { $0.name == name }
        #expect {
            try DeadResolution(incoming(outgoing))
        } throws: { ($0 as? RecordError)?.header == name }
    }

    @Test(arguments: [("ce_deadresolution", "burnt"), ("ce_deadpartition", "4294967296"), ("ce_deadoffset", "x"), ("ce_time", "noon")])
    func nonsenseInAResolutionIsRefused(_ name: String, _ value: String) {
        var outgoing = resolution.outgoing(to: topics, key: nil)
        outgoing.headers.append(name, value)
        #expect(throws: RecordError.self) { try DeadResolution(incoming(outgoing)) }
    }

    @Test func aReplayedCopySaysWhenAndIsTriedFromThenOnAlsoIfItDiesAgain() throws {
        var copy = try copy()
        #expect(copy.triedSince == copy.request.time)
        let replayed = Timestamp(milliseconds: 1_800_000_000_000)
        copy.replayedAt = replayed
        let outgoing = copy.outgoing(to: topics)
        #expect(outgoing.headers["ce_replayed"] == "2027-01-15T08:00:00.000Z")
        #expect(outgoing.headers["ce_time"] == copy.request.time.description && outgoing.headers["ce_id"] == "copy-1")
        let again = try CopyRecord(incoming(outgoing))
        #expect(again.replayedAt == replayed && again.triedSince == replayed)
        let dead = DeadRecord(copy: again, cause: "expired", attempts: 1, lastHTTPStatus: nil, lastStatus: nil, diedAt: replayed)
        #expect(try DeadRecord(incoming(dead.outgoing(to: topics))).copy.replayedAt == replayed)
    }

    private func copy() throws -> CopyRecord {
        let cpo = try #require(PartyID("DE-CPO"))
        let request = RequestRecord(
            id: "request-1", time: Timestamp(milliseconds: 1_700_000_000_000), module: .cdrs, interface: .receiver, method: .post,
            version: .v2_2_1, from: cpo, to: try #require(PartyID("NL-MSP")), path: "", requestID: "req", correlationID: "corr",
            stateVersion: 1, body: ByteBuffer(string: "{}"), key: "DE-CPO|cdrs|1")
        return CopyRecord(
            of: request, id: "copy-1", for: try #require(PartyID("DE-BIL")), permission: try #require(Permission(rawValue: 8)))
    }

    private func incoming(_ record: OutgoingRecord) -> IncomingRecord {
        IncomingRecord(
            topic: record.topic, partition: record.partition ?? 0, offset: 5, key: record.key, value: record.value, headers: record.headers)
    }
}
